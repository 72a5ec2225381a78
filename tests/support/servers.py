"""Real database servers for tests: each started as a plain process on 127.0.0.1 with a data directory of its own.

MariaDB comes from Debian 12. MySQL is not in Debian 12, so tools/install_mysql.sh unpacks it from Debian's unstable
suite into a folder of its own, and it runs from there; a mysqld on the PATH is used instead where there is one. A
missing server is an error, never a skipped test.
"""
import contextlib, os, pathlib, shutil, signal, socket, subprocess, time

import pymysql

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / 'build'
MYSQL = pathlib.Path(os.environ.get('MILLRACE_CACHE', pathlib.Path.home() / '.cache/millrace')) / 'mysql'


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_until(what, condition, timeout=60, process=None):
    """Waits for a condition, never for a time: returns its first true value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if process is not None and process.poll() is not None:
            raise AssertionError(f'{what}: the process ended with {process.returncode}')
        if time.monotonic() > end:
            raise AssertionError(f'{what} did not happen within {timeout} s')
        time.sleep(0.02)


class Server:
    """One running server. kind is 'mysql' or 'mariadb'."""
    def __init__(self, kind, folder, port=None, options=()):
        self.kind, self.folder, self.port = kind, pathlib.Path(folder), port or free_port()
        self.options = list(options)
        self.process = None
        self.folder.mkdir(parents=True, exist_ok=True)

    # ------------------------------------------------------------------ life
    def start(self):
        fresh = not (self.folder / 'data' / 'mysql').exists()
        if fresh:
            self._initialise()
        command = self._command()
        with open(self.folder / 'server.log', 'ab') as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until(f'{self.kind} accepting connections', self._answers, 120, self.process)
        if fresh:
            self.sql("CREATE USER debezium@'%' IDENTIFIED BY 'dbz'", "GRANT ALL ON *.* TO debezium@'%'")
            if self.kind == 'mariadb':
                self.sql("CREATE USER debezium@localhost IDENTIFIED BY 'dbz'", "GRANT ALL ON *.* TO debezium@localhost")
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process = None

    def _answers(self):
        try:
            self.connect().close()
            return True
        except pymysql.err.OperationalError:
            return False

    def _common(self, data, socket_path):
        return [f'--datadir={data}', f'--port={self.port}', '--bind-address=127.0.0.1', f'--socket={socket_path}', '--server-id=223344', '--log-bin=mysql-bin',
                '--binlog-format=ROW', '--binlog-row-image=FULL', '--innodb-buffer-pool-size=256M', '--innodb-flush-log-at-trx-commit=2', '--sync-binlog=0',
                '--max-connections=300', '--max-allowed-packet=1G']

    def _initialise(self):
        data = self.folder / 'data'
        if self.kind == 'mariadb':
            run(['mariadb-install-db', '--no-defaults', '--user=root', f'--datadir={data}', '--auth-root-authentication-method=normal', '--skip-test-db'],
                self.folder / 'init.log')
        else:
            data.mkdir(exist_ok=True)
            run(self._mysql() + [f'--datadir={data}', '--initialize-insecure'], self.folder / 'init.log')

    def _mysql(self):
        """The command that starts mysqld: the one on the PATH, or the unpacked one with the C library beside it."""
        if shutil.which('mysqld') and 'MariaDB' not in run(['mysqld', '--version']):
            return ['mysqld', '--no-defaults', '--user=root']
        loader = MYSQL / 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'
        if not loader.exists():
            raise AssertionError(f'MySQL is missing: there is no mysqld on the PATH and none in {MYSQL}; ./dev test unpacks one')
        libraries = f'{MYSQL}/usr/lib/x86_64-linux-gnu:{MYSQL}/usr/lib/mysql/private'
        share = MYSQL / 'usr/share/mysql'
        return [str(loader), '--library-path', libraries, str(MYSQL / 'usr/sbin/mysqld'), '--no-defaults', '--user=root', f'--basedir={MYSQL}/usr',
                f'--lc-messages-dir={share}', f'--character-sets-dir={share}/charsets', f'--plugin-dir={MYSQL}/usr/lib/mysql/plugin']

    def _command(self):
        if self.kind == 'mariadb':
            return ['mariadbd', '--no-defaults', '--user=root', *self._common(self.folder / 'data', self.folder / 's.sock'), '--character-set-server=utf8mb4',
                    '--binlog-row-metadata=FULL', '--gtid-strict-mode=1', '--log-slave-updates=1', *self.options]
        return [*self._mysql(), *self._common(self.folder / 'data', self.folder / 's.sock'), '--mysqlx=OFF', '--secure-file-priv=NULL', '--gtid-mode=ON',
                '--enforce-gtid-consistency=ON', *self.options]

    # ------------------------------------------------------------------- SQL
    def connect(self, user='root', password='', **more):
        return pymysql.connect(host='127.0.0.1', port=self.port, user=user, password=password, charset='utf8mb4', autocommit=True, **more)

    def sql(self, *statements):
        """Runs statements on one connection; returns the rows of the last."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def script(self, text):
        """Runs a script of the client's, DELIMITER and all."""
        r = subprocess.run(['mariadb', '--comments', '--default-character-set=utf8mb4', '-h127.0.0.1', f'-P{self.port}', '-uroot'], input=text.encode(),
                           capture_output=True)
        if r.returncode:
            raise AssertionError(f'SQL failed: {r.stderr.decode()}')


def run(command, log=None):
    r = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    if log is not None:
        pathlib.Path(log).write_bytes(r.stdout + r.stderr)
    if r.returncode:
        raise AssertionError(f'{" ".join(command)}: {(r.stdout + r.stderr).decode()[-2000:]}')
    return r.stdout.decode()
