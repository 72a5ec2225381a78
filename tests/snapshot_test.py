"""The initial snapshot: what it reads, what it locks, and that its rows are those of its position."""
import contextlib, json, re, subprocess, threading, time, unittest

import pymysql

from fixtures import FOLDER, LONG, fresh_database, scaled, server
from servers import BUILD, Server
from worker import HttpError, Worker, connector

GRANTS = 'SELECT, RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT'


class Writer(threading.Thread):
    """Commits one-row inserts as fast as asked and keeps the time that the slowest took."""
    def __init__(self, database_server, table, per_second=500):
        super().__init__(daemon=True)
        self.server, self.table, self.pause = database_server, table, 1 / per_second
        self.slowest, self.count, self.stopped = 0.0, 0, threading.Event()
        self.start()

    def run(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            while not self.stopped.is_set():
                began = time.monotonic()
                cursor.execute(f'INSERT INTO {self.table} () VALUES ()')
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.count += 1
                time.sleep(self.pause)

    def stop(self):
        self.stopped.set()
        self.join()


class Snapshot(unittest.TestCase):
    def worker(self):
        w = Worker(FOLDER / f'snap-{self.id().rsplit(".", 1)[1]}').start()
        self.addCleanup(w.kill)
        return w

    def user(self, s, name, grants):
        s.sql(f"DROP USER IF EXISTS {name}@'%'", f"CREATE USER {name}@'%' IDENTIFIED BY 'pw'", f"GRANT {grants} ON *.* TO {name}@'%'")
        if s.kind == 'mariadb':
            s.sql(f"DROP USER IF EXISTS {name}@localhost", f"CREATE USER {name}@localhost IDENTIFIED BY 'pw'", f"GRANT {grants} ON *.* TO {name}@localhost")
        return {'database.user': name, 'database.password': 'pw'}

    def test_debeziums_grants_are_enough(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s = server(kind)
                fresh_database(s, 'granted')
                s.sql('CREATE TABLE granted.t (id INT PRIMARY KEY)', 'INSERT INTO granted.t VALUES (1),(2)')
                w = self.worker()
                w.create('c', connector(s, 'g', **{'database.include.list': 'granted', **self.user(s, 'few', GRANTS)}))
                w.wait_log('Connected to')
                s.sql('INSERT INTO granted.t VALUES (3)')
                w.wait_records('g.granted.t', 3)
                self.assertEqual([(e['op'], e['after']['id']) for e in w.events('g.granted.t')], [('r', 1), ('r', 2), ('c', 3)])
                w.kill()

    def test_tls_modes_check_what_they_say(self):
        s = server('mysql')
        fresh_database(s, 'tls')
        s.sql('CREATE TABLE tls.t (id INT PRIMARY KEY)', 'INSERT INTO tls.t VALUES (1)')
        user = self.user(s, 'overtls', GRANTS)
        s.sql("ALTER USER overtls@'%' REQUIRE SSL")
        own = {'database.ssl.truststore': str(s.folder / 'data/ca.pem')}  # the server made it for itself
        w = self.worker()
        def connect(name, mode, more):
            w.create(name, connector(s, name, **{'database.include.list': 'tls', 'database.ssl.mode': mode, **user, **more}))
        for n, (mode, more) in enumerate([('preferred', {}), ('required', {}), ('verify_ca', own)]):
            connect(f'tls{n}', mode, more)
            w.wait_records(f'tls{n}.tls.t', 1)
            w.request('DELETE', f'/connectors/tls{n}')
        # No TLS; a CA that nobody here trusts; a certificate that does not name the host.
        for mode, more in [('disabled', {}), ('verify_ca', {}), ('verify_identity', own)]:
            with self.subTest(mode), self.assertRaisesRegex(HttpError, 'Unable to connect'):
                connect('refused', mode, more)

    def test_a_server_without_tls_is_refused_where_tls_is_asked_for(self):
        s = server('mariadb')
        self.assertEqual(s.sql("SHOW VARIABLES LIKE 'have_ssl'")[0][1], 'DISABLED')
        fresh_database(s, 'clear')
        s.sql('CREATE TABLE clear.t (id INT PRIMARY KEY)', 'INSERT INTO clear.t VALUES (1)')
        w = self.worker()
        for mode in ('trust', 'verify-ca', 'verify-full'):
            with self.subTest(mode), self.assertRaisesRegex(HttpError, 'the server (offers none|does not support it)'):
                w.create('refused', connector(s, 'clear', **{'database.include.list': 'clear', 'database.ssl.mode': mode}))
        w.create('c', connector(s, 'clear', **{'database.include.list': 'clear', 'database.ssl.mode': 'disable'}))
        w.wait_records('clear.clear.t', 1)

    def test_where_the_global_lock_is_refused_tables_are_locked(self):
        s = Server('mysql', FOLDER / 'managed-mysql', options=['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']).start()
        self.addCleanup(s.stop)
        fresh_database(s, 'managed')
        s.sql('CREATE TABLE managed.t (id INT PRIMARY KEY)', 'INSERT INTO managed.t VALUES (1),(2)')
        w = self.worker()
        w.create('c', connector(s, 'm', **{'database.include.list': 'managed', **self.user(s, 'managed', 'SELECT, LOCK TABLES, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT')}))
        w.wait_log('Connected to')
        s.sql('INSERT INTO managed.t VALUES (3)')
        w.wait_records('m.managed.t', 3)
        self.assertIn('under LOCK TABLES on 1 tables', w.log())
        self.assertEqual([e['after']['id'] for e in w.events('m.managed.t')], [1, 2, 3])

    def test_no_data_reads_structure_only(self):
        s = server('mariadb')
        fresh_database(s, 'nodata')
        s.sql('CREATE TABLE nodata.t (id INT PRIMARY KEY)', 'INSERT INTO nodata.t VALUES (1)')
        w = self.worker()
        w.create('c', connector(s, 'n', **{'database.include.list': 'nodata', 'snapshot.mode': 'no_data'}))
        w.wait_log('Connected to')
        s.sql('INSERT INTO nodata.t VALUES (2)')
        w.wait_records('n.nodata.t', 1)
        self.assertEqual([(e['op'], e['after']['id']) for e in w.events('n.nodata.t')], [('c', 2)])

    def many_tables(self, s, name, count):
        fresh_database(s, name)
        columns = ', '.join(f'c{i} VARCHAR(20)' for i in range(19))
        with s.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f'CREATE TABLE {name}.busy (id BIGINT AUTO_INCREMENT PRIMARY KEY)')
            for i in range(count):
                cursor.execute(f'CREATE TABLE {name}.t{i:04d} (id INT PRIMARY KEY, {columns})')

    def snapshot_under_load(self, s, name, tables, select_seconds):
        """(ms that the snapshot says it blocked writes, ms that the slowest write took, the server's general log of our statements)"""
        self.many_tables(s, name, tables)
        # Statements that other sessions have under way: a long SELECT and an open transaction.
        def select():
            with contextlib.suppress(pymysql.err.MySQLError):  # the server may be stopped before it ends
                s.sql(f'SELECT SLEEP({select_seconds}) FROM (SELECT 1 FROM {name}.busy UNION SELECT 1) x')
        sleeper = threading.Thread(target=select, daemon=True)
        s.sql(f'INSERT INTO {name}.busy () VALUES ()')
        open_transaction = s.connect()
        cursor = open_transaction.cursor()
        cursor.execute('BEGIN')
        cursor.execute(f'INSERT INTO {name}.t0000 (id) VALUES (1)')
        sleeper.start()
        s.sql("SET GLOBAL log_output='TABLE'", 'TRUNCATE TABLE mysql.general_log', 'SET GLOBAL general_log=ON')
        w = self.worker()
        writer = Writer(s, f'{name}.busy')
        try:
            w.create('c', connector(s, 'l', **{'database.include.list': name}))
            w.wait_log('Connected to', 90)
        finally:
            writer.stop()
            s.sql('SET GLOBAL general_log=OFF')
            cursor.execute('ROLLBACK')
            open_transaction.close()
        said = float(re.search(r'writes were blocked for a total of ([0-9.]+) ms', w.log()).group(1))
        statements = [row[0] if isinstance(row[0], str) else row[0].decode() for row in s.sql('SELECT argument FROM mysql.general_log')]
        # Everything committed is in the topic, once.
        total = s.sql(f'SELECT COUNT(*) FROM {name}.busy')[0][0]
        w.wait_records(f'l.{name}.busy', total)
        ids = [e['after']['id'] for e in w.events(f'l.{name}.busy')]
        self.assertEqual(sorted(ids), sorted({row[0] for row in s.sql(f'SELECT id FROM {name}.busy')}))
        w.kill()
        return said, writer.slowest * 1000, statements

    def test_mysql_blocks_writes_for_less_than_50_ms(self):
        tables, select = scaled(500), 30 if LONG else 3
        said, slowest, statements = self.snapshot_under_load(server('mysql'), 'locks', tables, select)
        locks = [t for t in statements if re.match(r'(?i)(FLUSH|LOCK)', t)]
        print(f'    mysql with GTIDs: {tables} tables, writes blocked {said:.3f} ms, slowest write {slowest:.1f} ms, locks asked for: {len(locks)}', flush=True)
        self.assertLess(said, 50)
        self.assertLess(slowest, 250)  # the rest is this machine

    def test_mysql_without_gtids_blocks_writes_for_less_than_50_ms(self):
        s = Server('mysql', FOLDER / 'nogtid-locks', options=['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']).start()
        self.addCleanup(s.stop)
        tables, select = scaled(500), 30 if LONG else 3
        said, slowest, statements = self.snapshot_under_load(s, 'locks', tables, select)
        locks = [t for t in statements if t.upper().startswith('FLUSH TABLES WITH READ LOCK')]
        print(f'    mysql without GTIDs: {tables} tables, writes blocked {said:.3f} ms, slowest write {slowest:.1f} ms, global lock asked for {len(locks)} times', flush=True)
        self.assertTrue(locks)
        self.assertLess(said, 50)
        self.assertLess(slowest, 250)  # a request that waits is withdrawn after a few ms; the rest is this machine

    def test_mariadb_takes_no_lock_at_all(self):
        tables, select = scaled(500), 30 if LONG else 3
        said, slowest, statements = self.snapshot_under_load(server('mariadb'), 'locks', tables, select)
        locks = [t for t in statements if re.match(r'(?i)(FLUSH|LOCK|BACKUP)', t)]
        print(f'    mariadb: {tables} tables, writes blocked {said:.3f} ms, slowest write {slowest:.1f} ms, locks asked for: {len(locks)}', flush=True)
        self.assertEqual((said, locks), (0.0, []))

    def test_each_view_is_exactly_its_position(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                r = subprocess.run([str(BUILD / 'release/view_check'), kind, str(server(kind).port), str(scaled(2000)), '3000', '4'], capture_output=True, text=True)
                print(f'    {kind}: {r.stdout.strip()}', flush=True)
                self.assertEqual(r.returncode, 0, r.stderr)

    def test_ddl_while_the_structure_is_read(self):
        """Whatever is altered while a snapshot begins, every row has the columns that its position says."""
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s = server(kind)
                self.many_tables(s, 'moving', 40)
                s.sql('INSERT INTO moving.t0039 (id) VALUES (1)')
                stop = threading.Event()
                def alter():
                    with s.connect() as connection, connection.cursor() as cursor:
                        for i in range(60):
                            if stop.is_set():
                                return
                            cursor.execute(f'ALTER TABLE moving.t0039 ADD COLUMN x{i} INT DEFAULT {i}')
                            cursor.execute(f'INSERT INTO moving.t0039 (id) VALUES ({i + 10})')
                            time.sleep(0.005)
                changer = threading.Thread(target=alter, daemon=True)
                w = self.worker()
                changer.start()
                w.create('c', connector(s, 'd', **{'database.include.list': 'moving', 'retriable.restart.connector.wait.ms': '300'}))
                changer.join()
                stop.set()
                s.sql('INSERT INTO moving.t0039 (id) VALUES (99)')
                def last():
                    events = w.events('d.moving.t0039') if w.topics().get('d.moving.t0039') else []
                    return events if events and events[-1]['after']['id'] == 99 else None
                from servers import wait_until
                events = wait_until('the last row', last, 60, w.process)
                latest = {}
                for e in events:
                    if e['op'] == 'r' and e['source']['snapshot'] in ('first', 'first_in_data_collection', 'last_in_data_collection', 'last') and e['after']['id'] == 1:
                        latest.clear()  # a snapshot that began again
                    latest[e['after']['id']] = e['after']
                for i in range(60):
                    row = latest[i + 10]
                    self.assertEqual(row[f'x{i}'], i, f'row {i + 10}')
                w.kill()


if __name__ == '__main__':
    unittest.main()
