"""A PostgreSQL server of a test's own. It does not run as root: where we are root, it runs as the user postgres, with
its data in a folder that this user can reach."""
import contextlib, os, pathlib, pwd, shutil, signal, subprocess, tempfile

from servers import free_port, run, wait_until

SETTINGS = ('wal_level=logical', 'max_replication_slots=60', 'max_wal_senders=60', 'max_connections=200', 'shared_buffers=256MB', 'synchronous_commit=off',
            'wal_sender_timeout=20s', "unix_socket_directories=''", "listen_addresses='127.0.0.1'")


def programs():
    found = sorted(pathlib.Path('/usr/lib/postgresql').glob('*/bin'), key=lambda p: int(p.parent.name))
    if not found:
        raise AssertionError('PostgreSQL is missing: there is no /usr/lib/postgresql/*/bin; ./dev test installs it')
    return found[-1]


class Postgres:
    kind = 'postgres'

    def __init__(self, name, settings=()):
        self.bin, self.port, self.process = programs(), free_port(), None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f'millrace-{name}-', dir='/var/tmp'))
        self.settings = [*SETTINGS, *settings]
        if os.getuid() == 0:
            owner = pwd.getpwnam('postgres')
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)

    def _as_owner(self, command):
        return ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', *command] if os.getuid() == 0 else command

    def start(self):
        data = self.folder / 'data'
        if not data.exists():
            run(self._as_owner([str(self.bin / 'initdb'), '-D', str(data), '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8']))
        options = [word for s in [f'port={self.port}', *self.settings] for word in ('-c', s.replace("''", '').replace("'", ''))]
        log = open(self.folder / 'server.log', 'ab')
        self.process = subprocess.Popen(self._as_owner([str(self.bin / 'postgres'), '-D', str(data), *options]), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                        start_new_session=True)
        wait_until('PostgreSQL accepting connections', lambda: self._psql('SELECT 1', 'postgres').returncode == 0, 60, self.process)
        return self

    def stop(self, how=signal.SIGINT, keep=False):
        """SIGINT is PostgreSQL's fast shutdown."""
        if self.process is not None and self.process.poll() is None:
            children = self._children() if how == signal.SIGKILL else []
            for pid in [self.process.pid, *children] if children else []:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.send_signal(how)
            self.process.wait(60)
            # what a child still holds keeps the next server from starting
            wait_until('the backends gone', lambda: not any(pathlib.Path(f'/proc/{pid}').exists() for pid in children), 30)
        self.process = None
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _children(self):
        """Backends have sessions of their own, so they are no process group with the server."""
        found = []
        for stat in pathlib.Path('/proc').glob('[0-9]*/stat'):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(')')[2].split()[1]) == self.process.pid:
                    found.append(int(stat.parent.name))
        return found

    def kill(self):
        """As a power cut: nothing is told to anybody; the data stays."""
        self.stop(signal.SIGKILL, keep=True)
        for leftover in self.folder.glob('data/postmaster.pid'):
            leftover.unlink()

    # ------------------------------------------------------------------- SQL
    def _psql(self, text, database):
        command = [str(self.bin / 'psql'), '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', str(self.port), '-U', 'postgres', '-d', database]
        return subprocess.run(command, input=text.encode(), capture_output=True, env={**os.environ, 'PGCLIENTENCODING': 'UTF8', 'PGTZ': 'UTC'})

    def script(self, text, database='postgres'):
        r = self._psql(text, database)
        if r.returncode:
            raise AssertionError(f'SQL failed: {r.stderr.decode()}')
        return r.stdout.decode().strip()

    def value(self, statement, database='postgres'):
        return self.script(statement, database)

    def fresh_database(self, name, slot='debezium'):
        self.drop_slots(name, slot)
        self.script(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.script(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
        return name

    def drop_slots(self, database, slot):
        """Those of the database, and the one of this name, wherever it is."""
        here = f"FROM pg_replication_slots WHERE (database = '{database}' OR slot_name = '{slot}')"
        self.script(f'SELECT pg_terminate_backend(active_pid) {here} AND active')
        wait_until('slots are free', lambda: self.value(f'SELECT count(*) {here} AND active') == '0', 30)
        self.script(f'SELECT pg_drop_replication_slot(slot_name) {here}')

    def is_streaming(self, slot):
        return self.value(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{slot}'") == 't'
