"""What stands in a real server's binlog, in all its forms, arrives as the right events."""
import json, re, unittest

from fixtures import FOLDER, fresh_database, server
from servers import Server, free_port, wait_until
from worker import Worker, connector, payload


class Streaming(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.name = self.id().rsplit('.', 1)[1][5:]
        self.worker = Worker(FOLDER / f'stream-{self.name}').start()
        self.addCleanup(self.worker.kill)

    def capture(self, kind, *tables, config=(), on=None):
        """A connector on a fresh database with these tables, streaming; returns the server."""
        self.db = f's_{self.name}'[:60]
        self.server = on or server(kind)
        fresh_database(self.server, self.db)
        for table in tables:
            self.sql(table)
        self.worker.create('c', connector(self.server, 'p', **{'database.include.list': self.db, 'include.schema.changes': 'false', **dict(config)}))
        self.worker.wait_log('Connected to')
        return self.server

    def sql(self, *statements):
        return self.server.sql(f'USE `{self.db}`', "SET time_zone='+00:00'", *statements)

    def rows(self, table, count):
        """(op, before, after) of the first events of a table, once there are so many."""
        topic = f'p.{self.db}.{table}'
        try:
            self.worker.wait_records(topic, count)
        except AssertionError as late:
            raise AssertionError(f'{late}; status {json.dumps(self.worker.status("c"))}') from None
        events = [e for e in self.worker.events(topic)]
        return [None if e is None else (e['op'], e['before'], e['after']) for e in events]

    def after(self, table, count):
        return [r[2] for r in self.rows(table, count) if r is not None]

    # ------------------------------------------------------------- transactions
    def xa(self, kind):
        self.capture(kind, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))')
        self.sql("XA START 'kept'", "INSERT INTO t VALUES (1,'a'),(2,'b')", "XA END 'kept'", "XA PREPARE 'kept'")
        self.sql("XA START 'lost'", "INSERT INTO t VALUES (3,'never')", "XA END 'lost'", "XA PREPARE 'lost'")
        self.sql("INSERT INTO t VALUES (4,'between')")
        self.assertEqual(self.after('t', 1), [{'id': 4, 'v': 'between'}])
        self.worker.kill()  # what was prepared is remembered across a crash
        self.worker.start()
        self.sql("XA ROLLBACK 'lost'", "XA COMMIT 'kept'", "INSERT INTO t VALUES (5,'last')")
        self.assertEqual([r['id'] for r in self.after('t', 4)], [4, 1, 2, 5])
        self.sql("XA START 'one'", "INSERT INTO t VALUES (6,'x')", "XA END 'one'", "XA COMMIT 'one' ONE PHASE", "INSERT INTO t VALUES (7,'y')")
        self.assertEqual([r['id'] for r in self.after('t', 6)], [4, 1, 2, 5, 6, 7])

    def test_xa_rows_wait_for_their_commit_mysql(self):
        self.xa('mysql')

    def test_xa_rows_wait_for_their_commit_mariadb(self):
        self.xa('mariadb')

    def test_rolled_back_changes_leave_no_event(self):
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY)')
        self.sql('BEGIN', 'INSERT INTO t VALUES (1)', 'ROLLBACK', 'BEGIN', 'INSERT INTO t VALUES (2)', 'SAVEPOINT s', 'INSERT INTO t VALUES (3)', 'ROLLBACK TO s',
                 'INSERT INTO t VALUES (4)', 'COMMIT')
        self.assertEqual([r['id'] for r in self.after('t', 2)], [2, 4])

    def test_compressed_transactions(self):
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v TEXT)')
        self.sql('SET SESSION binlog_transaction_compression=ON', "INSERT INTO t (v) VALUES (REPEAT('a',5000)),('b')", 'BEGIN', "UPDATE t SET v='c' WHERE id=2",
                 'DELETE FROM t WHERE id=1', 'COMMIT', "INSERT INTO t (v) VALUES ('d')")
        rows = self.rows('t', 6)
        self.assertEqual([r and r[0] for r in rows], ['c', 'c', 'u', 'd', None, 'c'])
        self.assertEqual(rows[0][2]['v'], 'a' * 5000)

    def test_mariadb_compressed_log(self):
        s = server('mariadb')
        s.sql('SET GLOBAL log_bin_compress=ON', 'SET GLOBAL log_bin_compress_min_len=10')
        self.addCleanup(s.sql, 'SET GLOBAL log_bin_compress=OFF', 'SET GLOBAL log_bin_compress_min_len=256')
        self.capture('mariadb', 'CREATE TABLE t (id INT PRIMARY KEY, v TEXT)')
        self.sql("INSERT INTO t VALUES (1,REPEAT('a',5000))", f"ALTER TABLE t ADD COLUMN {'n' * 60} INT DEFAULT 7", "UPDATE t SET v='b'", 'DELETE FROM t')
        rows = self.rows('t', 4)
        self.assertEqual(rows[1][2], {'id': 1, 'v': 'b', 'n' * 60: 7})
        self.assertEqual(rows[2][0], 'd')

    def test_partial_json_updates(self):
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY, j JSON, k JSON, v VARCHAR(5))')
        self.sql("""INSERT INTO t VALUES (1,'{"a":1,"bb":[1,2,{"c":"x"}],"z":"long enough text to be worth a diff, as the server reckons it"}','[1]','a')""",
                 "SET SESSION binlog_row_value_options=PARTIAL_JSON", "UPDATE t SET j=JSON_SET(j,'$.a',99,'$.bb[2].c','y')",
                 "UPDATE t SET j=JSON_REMOVE(j,'$.bb[0]'), v='b'", "UPDATE t SET v='c'", "UPDATE t SET j=JSON_INSERT(j,'$.\"new key\"',TRUE), k=JSON_REPLACE(k,'$[0]',5)")
        documents = [json.loads(a['j']) for a in self.after('t', 5)]
        self.assertEqual(documents[1]['a'], 99)
        self.assertEqual(documents[1]['bb'], [1, 2, {'c': 'y'}])
        self.assertEqual(documents[2]['bb'], [2, {'c': 'y'}])
        self.assertEqual(documents[3], documents[2])
        self.assertIs(documents[4]['new key'], True)
        self.assertEqual(json.loads(self.sql('SELECT j FROM t')[0][0]), documents[4])
        self.assertEqual([a['v'] for a in self.after('t', 5)], ['a', 'a', 'b', 'c', 'c'])

    def test_tagged_gtids(self):
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY)')
        self.sql("SET GTID_NEXT='AUTOMATIC:blue'", 'INSERT INTO t VALUES (1)', "SET GTID_NEXT='AUTOMATIC'", 'INSERT INTO t VALUES (2)')
        self.rows('t', 2)
        gtids = [payload(r['v'])['source']['gtid'] for r in self.worker.records(f'p.{self.db}.t')]
        self.assertRegex(gtids[0], r':blue:1$')
        self.worker.stop()
        self.sql('INSERT INTO t VALUES (3)')
        self.worker.start()  # the tagged set is understood by the server
        self.assertEqual([r['id'] for r in self.after('t', 3)], [1, 2, 3])

    # ------------------------------------------------------------------- values
    def test_rows_larger_than_a_packet(self):
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY, b LONGTEXT)')
        size = 40 * 1024 * 1024
        self.sql(f"INSERT INTO t VALUES (1,REPEAT('x',{size})),(2,'small')")
        rows = self.after('t', 2)
        self.assertEqual((len(rows[0]['b']), rows[1]['b']), (size, 'small'))

    def test_mariadb_own_types(self):
        self.capture('mariadb', "CREATE TABLE t (id INT PRIMARY KEY, u UUID, a INET4, b INET6, c TEXT COMPRESSED, d VARBINARY(3000) COMPRESSED)",
                     'CREATE TABLE v (id INT PRIMARY KEY, x INT) WITH SYSTEM VERSIONING', 'CREATE SEQUENCE s', 'CREATE TABLE w (id INT PRIMARY KEY DEFAULT (NEXT VALUE FOR s), x INT)')
        self.sql("INSERT INTO t VALUES (1,'123e4567-e89b-12d3-a456-426655440000','10.0.0.0','2001:db8::ff00:42:8329',REPEAT('long ',500),REPEAT('b',2000)),"
                 "(2,'00000000-0000-0000-0000-000000000000','192.168.1.255','::',NULL,''),(3,NULL,NULL,NULL,'short','x')")
        rows = self.after('t', 3)
        self.assertEqual([(r['u'], r['a'], r['b']) for r in rows], [('123e4567-e89b-12d3-a456-426655440000', '10.0.0.0', '2001:db8::ff00:42:8329'),
                                                                   ('00000000-0000-0000-0000-000000000000', '192.168.1.255', '::'), (None, None, None)])
        self.assertEqual([r['c'] for r in rows], ['long ' * 500, None, 'short'])
        self.assertEqual([r['d'] for r in rows], ['YmJi' * 666 + 'YmI=', '', 'eA=='])
        self.sql('INSERT INTO v VALUES (1,1)', 'UPDATE v SET x=2', 'INSERT INTO w (x) VALUES (5)', 'SELECT NEXT VALUE FOR s', 'INSERT INTO w (x) VALUES (6)')
        self.assertEqual([r['x'] for r in self.after('w', 2)], [5, 6])
        self.assertEqual(self.rows('v', 2)[0], ('c', None, {'id': 1, 'x': 1}))

    def test_character_sets(self):
        sets = ['latin1', 'latin2', 'utf8mb3', 'utf8mb4', 'ucs2', 'utf16', 'utf16le', 'utf32', 'gbk', 'gb18030', 'big5', 'sjis', 'cp932', 'ujis', 'eucjpms', 'euckr', 'cp1250',
                'cp1251', 'cp1256', 'cp1257', 'koi8r', 'koi8u', 'greek', 'hebrew', 'latin5', 'latin7', 'cp850', 'cp852', 'cp866', 'tis620', 'gb2312', 'ascii']
        texts = {'latin2': 'żółć', 'gbk': '汉字', 'gb18030': '汉字', 'big5': '漢字', 'sjis': '漢字カナ', 'cp932': '漢字①', 'ujis': '漢字', 'eucjpms': '漢字', 'euckr': '한글', 'cp1250': 'žluť',
                 'cp1251': 'Жук', 'cp1256': 'سلام', 'cp1257': 'ąžuolas', 'koi8r': 'Жук', 'koi8u': 'їжак', 'greek': 'αβγ', 'hebrew': 'שלום', 'latin5': 'ğış', 'latin7': 'ąž', 'cp850': 'é',
                 'cp852': 'ž', 'cp866': 'Жук', 'tis620': 'ไทย', 'gb2312': '汉字', 'ascii': 'plain', 'latin1': '€äß', 'utf8mb4': '漢😀', 'ucs2': 'ÄЖ', 'utf16': '漢😀', 'utf16le': '漢😀', 'utf32': '漢😀'}
        columns = ','.join(f'c_{s} VARCHAR(20) CHARACTER SET {s}' for s in sets)
        self.capture('mysql', f'CREATE TABLE t (id INT PRIMARY KEY, {columns})')
        self.sql('INSERT INTO t VALUES (1,' + ','.join(f"'{texts.get(s, 'é')}'" for s in sets) + ')')
        row = self.after('t', 1)[0]
        stored = dict(zip(sets, self.sql('SELECT ' + ','.join(f'CONVERT(c_{s} USING utf8mb4)' for s in sets) + ' FROM t')[0]))
        self.assertEqual({s: row[f'c_{s}'] for s in sets}, stored)

    def test_snapshot_and_stream_agree_on_every_type(self):
        """The same rows once by snapshot and once from the log: two decoders, one result."""
        definition = '''id INT PRIMARY KEY AUTO_INCREMENT, a TINYINT UNSIGNED, b SMALLINT, c MEDIUMINT UNSIGNED, d INT UNSIGNED, e BIGINT UNSIGNED, f DOUBLE, g DECIMAL(30,9), h DECIMAL(5,0),
            i CHAR(4), j VARCHAR(99) CHARACTER SET latin1, k TEXT, l BINARY(5), m VARBINARY(9), n BLOB, o ENUM('x','y,z','é'), p SET('a','b','c d'), q BIT(1), r BIT(17), s DATE, t TIME(3),
            u DATETIME(6), v DATETIME, w YEAR, x GEOMETRY, y POINT'''
        value = '''200,-5,16000000,4000000000,18446744073709551615,-0.1,-12345678901234567890.123456789,-99999,'ab','é€',REPEAT('k',300),'\\0b',x'00ff00','n\\0','y,z','a,c d',1,b'10000000000000001',
            '2024-02-29','-12:34:56.789','1999-12-31 23:59:59.123456','2000-01-01 00:00:00',2024,ST_GeomFromText('LINESTRING(0 0,1 1)'),ST_GeomFromText('POINT(1 2)')'''
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                self.worker.kill()
                self.worker = Worker(FOLDER / f'stream-{self.name}-{kind}').start()
                self.addCleanup(self.worker.kill)
                self.db = f's_{self.name}'[:60]
                self.server = server(kind)
                fresh_database(self.server, self.db)
                self.sql(f'CREATE TABLE t ({definition})', f'INSERT INTO t VALUES (1,{value})', 'INSERT INTO t (id) VALUES (2)')
                self.worker.create('c', connector(self.server, 'p', **{'database.include.list': self.db}))
                self.worker.wait_log('Connected to')
                self.sql(f'INSERT INTO t VALUES (3,{value})', 'INSERT INTO t (id) VALUES (4)')
                rows = self.after('t', 4)
                for r in rows:
                    r.pop('id')
                self.assertEqual(rows[0], rows[2])
                self.assertEqual(rows[1], rows[3])

    # --------------------------------------------------------------------- DDL
    def test_ddl_between_rows(self):
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY, a INT)')
        self.sql('INSERT INTO t VALUES (1,1)', 'ALTER TABLE t ADD COLUMN b VARCHAR(5) FIRST', "INSERT INTO t VALUES ('x',2,2)", 'ALTER TABLE t RENAME COLUMN a TO aa, DROP COLUMN b',
                 'INSERT INTO t VALUES (3,3)', 'RENAME TABLE t TO u', 'INSERT INTO u VALUES (4,4)', 'CREATE TABLE n LIKE u', 'INSERT INTO n VALUES (5,5)',
                 'CREATE TABLE s AS SELECT * FROM u WHERE id < 3', 'INSERT INTO s VALUES (9,9)', 'TRUNCATE TABLE n', 'INSERT INTO n VALUES (6,6)')
        self.assertEqual(self.after('t', 3), [{'id': 1, 'a': 1}, {'b': 'x', 'id': 2, 'a': 2}, {'id': 3, 'aa': 3}])
        self.assertEqual(self.after('u', 1), [{'id': 4, 'aa': 4}])
        self.assertEqual(self.after('n', 2), [{'id': 5, 'aa': 5}, {'id': 6, 'aa': 6}])
        self.assertEqual(self.after('s', 3), [{'id': 1, 'aa': 1}, {'id': 2, 'aa': 2}, {'id': 9, 'aa': 9}])

    def test_the_schema_is_recovered_after_a_restart(self):
        self.capture('mariadb', 'CREATE TABLE t (id INT PRIMARY KEY)')
        self.sql('ALTER TABLE t ADD COLUMN a INT', 'INSERT INTO t VALUES (1,1)', 'ALTER TABLE t RENAME TO u', 'CREATE TABLE x (id INT PRIMARY KEY)', 'DROP TABLE x')
        self.rows('t', 1)
        self.worker.kill()
        self.sql('INSERT INTO u VALUES (2,2)', 'ALTER TABLE u ADD COLUMN b INT', 'INSERT INTO u VALUES (3,3,3)')
        self.worker.start()
        self.assertEqual(self.after('u', 2), [{'id': 2, 'a': 2}, {'id': 3, 'a': 3, 'b': 3}])

    def test_ddl_that_is_not_understood_stops_only_who_captures_the_table(self):
        self.capture('mariadb', 'CREATE TABLE t (id INT PRIMARY KEY)', config={'table.exclude.list': 's_.*[.]odd'})
        self.sql('CREATE TABLE odd (id INT PRIMARY KEY) ENGINE=InnoDB', 'INSERT INTO odd VALUES (1)', 'INSERT INTO t VALUES (1)')
        self.assertEqual(self.after('t', 1), [{'id': 1}])

    # ------------------------------------------------------------------- faults
    def test_changes_in_statement_form_fail_loudly(self):
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY)', 'CREATE TABLE o (id INT PRIMARY KEY)', config={'table.exclude.list': 's_.*[.]o'})
        self.sql('SET SESSION binlog_format=STATEMENT', 'INSERT INTO o VALUES (1)')  # not captured: no matter
        self.sql('INSERT INTO t VALUES (1)')
        self.rows('t', 1)
        self.sql('SET SESSION binlog_format=STATEMENT', 'INSERT INTO t VALUES (2)')
        trace = self.worker.wait_failed('c')
        self.assertIn('INSERT INTO t VALUES (2)', trace)
        self.assertIn('binlog_format=ROW', trace)

    def test_row_images_that_lack_columns_fail_loudly(self):
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY, a INT DEFAULT 5)')
        self.sql('SET SESSION binlog_row_image=MINIMAL', 'INSERT INTO t (id) VALUES (1)')
        self.assertIn('binlog_row_image=FULL', self.worker.wait_failed('c'))
        self.assertEqual(self.worker.topics().get(f'p.{self.db}.t', 0), 0)

    def test_columns_that_are_not_logged_are_never_made_up(self):
        """What the row's other image tells, or the placeholder; a before image that cannot be told is null."""
        hidden, hidden_bytes = '__debezium_unavailable_value', 'X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=='
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                self.setUp()
                self.capture(kind, 'CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL, u TEXT, b BLOB)', 'CREATE TABLE v (id INT PRIMARY KEY, s VARCHAR(9) DEFAULT "made up", u TEXT)')
                self.sql('INSERT INTO t VALUES (1, 1, "a", "b")', 'INSERT INTO v VALUES (1, "s", "u")', 'SET SESSION binlog_row_image=NOBLOB', 'UPDATE t SET n = 2', 'UPDATE t SET u = "c"', 'DELETE FROM t')
                self.assertEqual(self.rows('t', 5)[1:4], [
                    ('u', {'id': 1, 'n': 1, 'u': hidden, 'b': hidden_bytes}, {'id': 1, 'n': 2, 'u': hidden, 'b': hidden_bytes}),
                    ('u', {'id': 1, 'n': 2, 'u': hidden, 'b': hidden_bytes}, {'id': 1, 'n': 2, 'u': 'c', 'b': hidden_bytes}),
                    ('d', {'id': 1, 'n': 2, 'u': hidden, 'b': hidden_bytes}, None)])
                self.sql('SET SESSION binlog_row_image=MINIMAL', 'UPDATE v SET s = "t"', 'UPDATE v SET id = 2', 'INSERT INTO v (id) VALUES (3)', 'DELETE FROM v WHERE id = 2')
                self.assertEqual(self.rows('v', 8)[1:7], [
                    ('u', {'id': 1, 's': hidden, 'u': hidden}, {'id': 1, 's': 't', 'u': hidden}),
                    ('d', {'id': 1, 's': hidden, 'u': hidden}, None), None, ('c', None, {'id': 2, 's': hidden, 'u': hidden}),
                    ('c', None, {'id': 3, 's': hidden, 'u': hidden}),
                    ('d', {'id': 2, 's': hidden, 'u': hidden}, None)])
                self.sql('INSERT INTO t VALUES (5, 5, "a", "b")', 'SET SESSION binlog_row_image=MINIMAL', 'DELETE FROM t WHERE id = 5', 'INSERT INTO t (id, n) VALUES (6, 6)')
                self.assertEqual(self.rows('t', 9)[6:9], [('d', None, None), None, ('c', None, {'id': 6, 'n': 6, 'u': hidden, 'b': hidden_bytes})])
                self.assertEqual(json.loads(self.worker.records(f'p.{self.db}.t')[6]['k'])['payload'], {'id': 5})
                self.sql('SET SESSION binlog_row_image=MINIMAL', 'UPDATE t SET u = "c"')
                self.assertIn("lacks column n", self.worker.wait_failed('c'))
                self.worker.kill()

    def test_a_purged_log_names_the_way_out(self):
        own = Server('mysql', FOLDER / 'purge-mysql').start()
        self.addCleanup(own.stop)
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY)', on=own)
        self.worker.stop()
        self.sql('INSERT INTO t VALUES (1)', 'FLUSH BINARY LOGS', 'INSERT INTO t VALUES (2)')
        own.sql('FLUSH BINARY LOGS', f"PURGE BINARY LOGS TO '{own.sql('SHOW BINARY LOGS')[-1][0]}'")
        self.worker.start()
        trace = self.worker.wait_failed('c')
        first = own.sql('SHOW BINARY LOGS')[0][0]
        self.assertRegex(trace, rf'purged .*Wanted: mysql-bin.\d+:\d+ \(GTIDs .+\); the first log still there: {first}')
        self.assertIn('snapshot.mode=when_needed', trace)
        self.worker.request('PUT', '/connectors/c/config', {**self.worker.get('/connectors/c/config'), 'snapshot.mode': 'when_needed'})
        self.assertEqual(self.after('t', 2), [{'id': 1}, {'id': 2}])

    def test_a_log_that_is_about_to_be_purged_is_warned_of(self):
        """While the reader is behind: the time left counts down from the server's retention; once it is at the end, nothing is in danger."""
        for kind, retention in (('mysql', 'binlog_expire_logs_seconds'), ('mariadb', 'binlog_expire_logs_seconds')):
            with self.subTest(kind):
                self.setUp()
                own = Server(kind, FOLDER / f'headroom-{kind}', options=[f'--{retention}=3600']).start()
                self.addCleanup(own.stop)
                self.capture(kind, 'CREATE TABLE t (id INT PRIMARY KEY)', on=own, config={'log.headroom.interval.ms': '200'})
                self.assertNotIn('will purge', self.worker.log())
                self.worker.stop()
                self.sql('INSERT INTO t VALUES (1)', 'FLUSH BINARY LOGS', 'INSERT INTO t VALUES (2)')
                self.worker.start()
                self.worker.wait_log(r'The server will purge the log at \S+ in about 3[56]\d\d s, and \d+ bytes behind it are unread')
                log = lambda: self.worker.get('/connectors/c/metrics')['log']
                wait_until('the end of the danger', lambda: log()['time_left_seconds'] == -1 and log()['unread_bytes'] == 0, 30)
                self.assertGreater(log()['headroom_bytes'], 0)
                self.assertNotIn('trace', self.worker.status('c')['tasks'][0])
                self.worker.kill()
                own.stop()

    def test_a_look_at_the_logs_that_fails_does_not_stop_capture(self):
        """The server lets the connector's user in no more, but for the connection that streaming has: told once, asked again later."""
        own = Server('mysql', FOLDER / 'blind-mysql').start()
        self.addCleanup(own.stop)
        self.addCleanup(own.sql, 'ALTER USER debezium ACCOUNT UNLOCK')
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY)', on=own, config={'log.headroom.interval.ms': '100'})
        own.sql('ALTER USER debezium ACCOUNT LOCK')
        self.sql('INSERT INTO t VALUES (1)')
        self.worker.wait_log(r'How long the server will still have the log is not known: .*locked')
        self.sql('INSERT INTO t VALUES (2)')
        self.assertEqual(self.after('t', 2), [{'id': 1}, {'id': 2}])
        self.assertEqual(self.worker.task_state('c'), 'RUNNING')

    def test_a_server_that_comes_back_is_read_on(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                own = Server(kind, FOLDER / f'restart-{kind}').start()
                self.addCleanup(own.stop)
                self.worker.kill()
                self.worker = Worker(FOLDER / f'stream-{self.name}-{kind}').start()
                self.addCleanup(self.worker.kill)
                self.capture(kind, 'CREATE TABLE t (id INT PRIMARY KEY)', on=own, config={'retriable.restart.connector.wait.ms': 500})
                self.sql('INSERT INTO t VALUES (1)')
                self.rows('t', 1)
                own.stop()
                wait_until('the task waiting', lambda: self.worker.task_state('c') == 'RESTARTING', 60)
                own.start()
                self.sql('INSERT INTO t VALUES (2)')
                self.assertEqual([r['id'] for r in self.after('t', 2)], [1, 2])
                self.assertEqual(self.worker.task_state('c'), 'RUNNING')

    def test_without_gtids_the_position_serves(self):
        own = Server('mysql', FOLDER / 'nogtid-mysql', options=['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']).start()
        self.addCleanup(own.stop)
        self.capture('mysql', 'CREATE TABLE t (id INT PRIMARY KEY)', on=own)
        self.sql('INSERT INTO t VALUES (1)')
        self.rows('t', 1)
        self.worker.kill()
        self.sql('INSERT INTO t VALUES (2)', 'FLUSH BINARY LOGS', 'INSERT INTO t VALUES (3)')
        self.worker.start()
        self.assertEqual([r['id'] for r in self.after('t', 3)], [1, 2, 3])
        self.assertIsNone(self.worker.events(f'p.{self.db}.t')[2]['source']['gtid'])


    def test_configurations_of_debezium_1_start(self):
        """The tutorial of Debezium 1.x, as it was."""
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s = server(kind)
                fresh_database(s, 'inventory1')
                s.sql('CREATE TABLE inventory1.customers (id INT PRIMARY KEY, `first name` VARCHAR(9))', "INSERT INTO inventory1.customers VALUES (1, 'a')")
                now = connector(s, 'x')
                w = Worker(FOLDER / f'former-{kind}').start()
                self.addCleanup(w.kill)
                w.create('inventory-connector', {
                    'connector.class': now['connector.class'], 'tasks.max': '1', 'database.hostname': '127.0.0.1', 'database.port': str(s.port), 'database.user': 'debezium',
                    'database.password': 'dbz', 'database.server.id': '184054', 'database.server.name': 'dbserver1', 'database.whitelist': 'inventory1', 'snapshot.mode': 'schema_only',
                    'database.history.kafka.bootstrap.servers': 'kafka:9092', 'database.history.kafka.topic': 'schema-changes.inventory', 'sanitize.field.names': 'true'})
                w.wait_log('Connected to')
                s.sql("INSERT INTO inventory1.customers VALUES (2, 'b')")
                w.wait_records('dbserver1.inventory1.customers', 1)
                event = w.events('dbserver1.inventory1.customers')[0]
                self.assertEqual((event['op'], event['after']), ('c', {'id': 2, 'first_name': 'b'}))
                self.assertIn('schema-changes.inventory', w.topics())
                log = w.log_path.read_text()
                for name in ('database.server.name', 'database.whitelist', 'database.history.kafka.topic', 'sanitize.field.names'):
                    self.assertIn(f"'{name}' is a former name", log)
                w.kill()


if __name__ == '__main__':
    unittest.main()
