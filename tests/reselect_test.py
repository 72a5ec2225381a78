"""ReselectColumnsPostProcessor: what the log lacks is read from the table, as of a moment that is not before the change."""
import contextlib, threading, time, unittest

from fixtures import FOLDER, fresh_database, server
from postgres import Postgres
from servers import Server, wait_until
from worker import HttpError, Worker, connector, payload

RESELECT = 'io.debezium.processors.reselect.ReselectColumnsPostProcessor'


class StopsSoon:
    def stops_soon(self):
        """And the row that was waited for is read when it goes on."""
        began = time.monotonic()
        self.worker.request('PUT', '/connectors/c/stop')
        wait_until('stopped', lambda: not self.worker.status('c')['tasks'], 30)
        self.assertLess(time.monotonic() - began, 20)
        self.release()
        before = self.worker.topics().get(self.topic, 0)
        self.worker.request('PUT', '/connectors/c/resume')
        self.worker.wait_records(self.topic, before + 1)
        self.assertIsNone(self.worker.events(self.topic)[before]['after']['v'])


class Reselect(StopsSoon, unittest.TestCase):
    def begin(self, name, table, s=None, **settings):
        self.name, self.server = name, s or server('postgres')
        self.server.fresh_database(name, name)
        self.server.script(table, name)
        self.worker = Worker(FOLDER / f'reselect-{name}').start()
        self.addCleanup(self.worker.kill)
        self.topic = f'{name}.public.t'
        self.config = connector(self.server, name, **{'database.dbname': name, 'slot.name': name, 'snapshot.mode': 'no_data', 'post.processors': 'r',
                                                      'post.processors.r.type': RESELECT, 'retriable.restart.connector.wait.ms': '200',
                                                      'publication.autocreate.mode': 'filtered', **settings})
        self.worker.create('c', self.config)
        wait_until('streaming', lambda: self.server.is_streaming(name), 30)

    def run_sql(self, text):
        self.server.script(text, self.name)

    def commit_unseen(self, name, **settings):
        """A change whose transaction is in the log and waits for a standby: queries do not see it until release()."""
        s = Postgres(name, ('synchronous_standby_names=nobody',)).start()
        self.addCleanup(s.stop)
        self.begin(name, "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'before')", s, **settings)
        writer = threading.Thread(target=lambda: self.run_sql('SET synchronous_commit = on; UPDATE t SET v = NULL'))
        writer.start()
        self.addCleanup(lambda: (self.release(), writer.join()))

    def wait_for_lookup(self):
        wait_until('the row asked for', lambda: int(self.server.value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%txid_current_snapshot%' AND pid <> pg_backend_pid()")), 30)

    def release(self):
        self.server.script("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")

    def test_a_value_is_never_older_than_its_change(self):
        """A server tells its log a commit before its queries see it."""
        self.commit_unseen('unseen', **{'reselect.visibility.timeout.ms': '60000'})
        self.wait_for_lookup()
        self.release()
        self.worker.wait_records(self.topic, 1)
        self.assertIsNone(self.worker.events(self.topic)[0]['after']['v'])

    def test_a_change_that_stays_unseen_is_written_as_the_log_has_it(self):
        self.commit_unseen('waiting', **{'reselect.visibility.timeout.ms': '200'})
        self.worker.wait_records(self.topic, 1)
        self.assertIsNone(self.worker.events(self.topic)[0]['after']['v'])
        self.assertRegex(self.worker.log(), 'has committed but cannot be seen by queries; is a synchronous standby away')
        self.release()

    def test_a_wait_does_not_keep_the_connector_from_stopping(self):
        self.commit_unseen('stopping', **{'reselect.visibility.timeout.ms': '600000'})
        self.wait_for_lookup()
        self.stops_soon()

    def test_a_connection_that_is_lost_costs_nothing(self):
        self.begin('lost', "CREATE TABLE t (id int PRIMARY KEY, body text, n int); ALTER TABLE t ALTER body SET STORAGE EXTERNAL; INSERT INTO t VALUES (1, repeat('b', 3000), 0)")
        for n in range(1, 6):
            self.run_sql(f'UPDATE t SET n = {n}')
            self.worker.wait_records(self.topic, n)
            self.run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'lost' AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
        self.assertEqual([(e['after']['n'], e['after']['body']) for e in self.worker.events(self.topic)], [(n, 'b' * 3000) for n in range(1, 6)])

    def test_a_row_that_is_gone_is_told_or_fails_the_task(self):
        self.begin('gone', 'CREATE TABLE t (id int PRIMARY KEY, v text)')
        self.run_sql('BEGIN; INSERT INTO t VALUES (1); DELETE FROM t; COMMIT')
        self.worker.wait_log('v of table public.t could not be read again .post processor r.: there is no such row any more: "id" = \'1\'; the record is written')
        self.worker.wait_records(self.topic, 3)
        self.worker.request('PUT', '/connectors/c/config', {**self.config, 'post.processors.r.reselect.error.handling.mode': 'fail'})
        self.run_sql('BEGIN; INSERT INTO t VALUES (2); DELETE FROM t; COMMIT')
        self.worker.wait_failed('c')
        self.assertIn('reselect.error.handling.mode=warn', self.worker.status('c')['tasks'][0]['trace'])

    def test_masks_hide_what_is_read_again_too(self):
        self.begin('hidden', 'CREATE TABLE t (id int PRIMARY KEY, v text)', **{'column.mask.hash.SHA-256.with.salt.salt': 'public.t.v'})
        self.run_sql("BEGIN; INSERT INTO t VALUES (1); UPDATE t SET v = 'secret'; COMMIT")
        self.worker.wait_records(self.topic, 2)
        first, second = self.worker.events(self.topic)
        self.assertEqual(first['after']['v'], second['after']['v'])
        self.assertNotIn('secret', str(first))
        self.assertEqual(len(first['after']['v']), 64)

    def test_the_key_stays_what_the_log_says(self):
        self.begin('keyed', 'CREATE TABLE t (id int PRIMARY KEY, v text)', **{'message.key.columns': 'public.t:v'})
        self.run_sql("BEGIN; INSERT INTO t VALUES (1); UPDATE t SET v = 'later'; COMMIT")
        self.worker.wait_records(self.topic, 2)
        self.assertEqual([(payload(r['k'])['v'], payload(r['v'])['after']['v']) for r in self.worker.records(self.topic)], [(None, 'later'), ('later', 'later')])

    def test_what_is_no_such_processor_is_refused(self):
        def refusal(**settings):
            with self.assertRaises(HttpError) as refused:
                self.worker.create('x', {**self.config, **settings})
            return refused.exception.body
        self.begin('refused', 'CREATE TABLE t (id int PRIMARY KEY, v text)')
        self.assertIn('post.processors.r.type is com.example.Mine', refusal(**{'post.processors.r.type': 'com.example.Mine'}))
        self.assertIn('post.processors.s.type is missing', refusal(**{'post.processors': 'r,s'}))
        self.assertIn('maybe is neither true nor false', refusal(**{'post.processors.r.reselect.null.values': 'maybe'}))
        self.assertIn('loud is neither warn nor fail', refusal(**{'post.processors.r.reselect.error.handling.mode': 'loud'}))
        self.assertIn('reselect.columns.include.list', refusal(**{'post.processors.r.reselect.columns.include.list': '(['}))


class BinlogReselect(StopsSoon):
    """The same of MySQL and MariaDB."""
    def begin(self, name, table, s=None, **settings):
        self.name, self.server = name, s or server(self.kind)
        fresh_database(self.server, name)
        self.run_sql(table)
        self.worker = Worker(FOLDER / f'reselect-{self.kind}-{name}').start()
        self.addCleanup(self.worker.kill)
        self.topic = f'{name}.{name}.t'
        self.config = connector(self.server, name, **{'database.include.list': name, 'snapshot.mode': 'no_data', 'post.processors': 'r',
                                                      'post.processors.r.type': RESELECT, 'retriable.restart.connector.wait.ms': '200', **settings})
        self.worker.create('c', self.config)
        self.worker.wait_running('c')

    def run_sql(self, *statements):
        self.server.sql(f'USE `{self.name}`', *statements)

    def after(self, count):
        self.worker.wait_records(self.topic, count)
        return [event['after'] for event in self.worker.events(self.topic)]

    def waiting_lookups(self):
        return self.server.sql("SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT%LIMIT 1 LOCK IN SHARE MODE'")[0][0]

    def begin_semi_sync(self, name, **settings):
        """A server whose commits are in the log and wait for a replica that is not there, until release()."""
        role, options = self.semi_sync
        s = Server(self.kind, FOLDER / f'reselect-{self.kind}-{name}-server', options=options).start()
        self.addCleanup(s.stop)
        s.sql(f'SET GLOBAL rpl_semi_sync_{role}_timeout = 600000')
        self.begin(name, "CREATE TABLE t (id int PRIMARY KEY, v varchar(20))", s, **settings)
        self.run_sql("INSERT INTO t VALUES (1, 'before')")
        self.after(1)
        self.run_sql(f'SET GLOBAL rpl_semi_sync_{role}_enabled = ON')
        writer = threading.Thread(target=lambda: self.run_sql('UPDATE t SET v = NULL'))
        writer.start()
        self.addCleanup(lambda: (self.release(), writer.join()))

    def release(self):
        self.server.sql(f'SET GLOBAL rpl_semi_sync_{self.semi_sync[0]}_enabled = OFF')

    def test_a_value_is_never_older_than_its_change(self):
        """A server tells its log a commit before its queries see it."""
        self.begin_semi_sync('unseen', **{'reselect.visibility.timeout.ms': '60000'})
        wait_until('the row asked for', lambda: self.waiting_lookups() == 1, 30)
        self.release()
        self.assertEqual([row['v'] for row in self.after(2)], ['before', None])

    def test_a_change_that_stays_unseen_is_written_as_the_log_has_it(self):
        self.begin_semi_sync('waiting', **{'reselect.visibility.timeout.ms': '200'})
        self.assertEqual([row['v'] for row in self.after(2)], ['before', None])
        self.worker.wait_log('another transaction has held the row for longer than reselect.visibility.timeout.ms .200 ms.: `id` = 1')
        self.release()

    def test_a_wait_does_not_keep_the_connector_from_stopping(self):
        self.begin_semi_sync('stopping', **{'reselect.visibility.timeout.ms': '600000'})
        wait_until('the row asked for', lambda: self.waiting_lookups() == 1, 30)
        self.stops_soon()

    def test_a_row_that_somebody_holds_is_waited_for(self):
        self.begin('held', 'CREATE TABLE t (id int PRIMARY KEY, v varchar(20))')
        with contextlib.closing(self.server.connect(database='held')) as other, other.cursor() as cursor:
            self.run_sql('INSERT INTO t VALUES (1, NULL)')
            self.after(1)
            cursor.execute('BEGIN')
            cursor.execute("UPDATE t SET v = 'theirs' WHERE id = 1")
            self.run_sql('INSERT INTO t VALUES (2, NULL)')
            self.assertEqual(self.after(2)[1], {'id': 2, 'v': None})  # other rows are not waited for
            other.commit()
        self.assertEqual(self.after(3)[2], {'id': 1, 'v': 'theirs'})

    def test_a_connection_that_is_lost_costs_nothing(self):
        self.begin('lost', 'CREATE TABLE t (id int PRIMARY KEY, v varchar(20), n int)')
        for n in range(1, 6):
            self.run_sql(f'INSERT INTO t VALUES ({n}, NULL, {n})')
            self.after(n)
            for (thread,) in self.server.sql("SELECT id FROM information_schema.processlist WHERE command = 'Sleep' AND id <> CONNECTION_ID()"):
                with contextlib.suppress(Exception):
                    self.server.sql(f'KILL {thread}')
        self.assertEqual([row['n'] for row in self.after(5)], [1, 2, 3, 4, 5])

    def test_a_row_that_is_gone_is_told_or_fails_the_task(self):
        self.begin('gone', 'CREATE TABLE t (id int PRIMARY KEY, v varchar(20))')
        self.run_sql('BEGIN', 'INSERT INTO t VALUES (1, NULL)', 'DELETE FROM t', 'COMMIT')
        self.worker.wait_log('v of table gone.t could not be read again .post processor r.: there is no such row any more: `id` = 1; the record is written')
        self.worker.wait_records(self.topic, 3)
        self.worker.request('PUT', '/connectors/c/config', {**self.config, 'post.processors.r.reselect.error.handling.mode': 'fail'})
        self.run_sql('BEGIN', 'INSERT INTO t VALUES (2, NULL)', 'DELETE FROM t', 'COMMIT')
        self.worker.wait_failed('c')
        self.assertIn('reselect.error.handling.mode=warn', self.worker.status('c')['tasks'][0]['trace'])

    def test_rows_in_front_of_one_that_fails_are_written_once(self):
        """They are of one event; what follows them ends the task."""
        self.begin('front', 'CREATE TABLE t (id int PRIMARY KEY, v varchar(20))')
        failing = {**self.config, 'post.processors.r.reselect.error.handling.mode': 'fail'}
        for n in range(0, 30, 3):
            self.worker.request('PUT', '/connectors/c/config', failing)
            self.worker.wait_running('c')
            self.run_sql('BEGIN', f"INSERT INTO t VALUES ({n}, 'a'), ({n + 1}, NULL), ({n + 2}, 'c')", f'DELETE FROM t WHERE id = {n + 1}', 'COMMIT')
            self.worker.wait_failed('c')
            self.worker.request('PUT', '/connectors/c/config', self.config)
            self.worker.wait_running('c')
            self.worker.wait_records(self.topic, (n // 3 + 1) * 5)
        ids = [event['after']['id'] for event in self.worker.events(self.topic) if event and event['op'] == 'c']
        self.assertEqual(ids, list(range(30)))

    def test_what_the_log_is_without_is_read_again(self):
        """binlog_row_image NOBLOB and MINIMAL, in whose after images the key need not be."""
        self.begin('images', 'CREATE TABLE t (id int PRIMARY KEY, body text, title varchar(20))')
        expected, records = [], 0
        for image, change, after, more in (('FULL', "INSERT INTO t VALUES (1, 'a body', 'a')", [1, 'a body', 'a'], 1), ('NOBLOB', "UPDATE t SET title = 'b'", [1, 'a body', 'b'], 1),
                                           ('MINIMAL', 'UPDATE t SET id = 2', [2, 'a body', 'b'], 3), ('MINIMAL', "UPDATE t SET title = 'c'", [2, 'a body', 'c'], 1)):
            self.run_sql(f"SET SESSION binlog_row_image = '{image}'", change)
            expected.append(after)
            records += more
            self.worker.wait_records(self.topic, records)
        written = [event['after'] for event in self.worker.events(self.topic) if event and event['after']]
        self.assertEqual([list(row.values()) for row in written], expected)

    def test_keys_of_all_types_find_their_row(self):
        keys = {'int unsigned': '4294967295', 'bigint': '-9223372036854775808', 'decimal(20,5)': '-0.00001', 'float': '0.1', 'double': '1e-300', 'date': "'1000-01-01'",
                'datetime(6)': "'9999-12-31 23:59:59.999999'", 'timestamp(3)': "'2038-01-01 00:00:00.001'", 'time(6)': "'-838:59:58.999999'", 'time': "'100:00:00'",
                'year': '1901', 'char(5)': "'a '", "varchar(20) CHARACTER SET utf16": "'\u4e2d\\'\\\\'", 'varbinary(9)': "x'00ff00'", 'binary(3)': "x'61'", 'bit(64)': "b'1'",
                "enum('a','b,c')": "'b,c'", "set('a','b')": "'a,b'", 'boolean': 'false', **self.more_keys}
        tables = [f'CREATE TABLE k{i} (k {kind} NOT NULL PRIMARY KEY, v varchar(9))' for i, kind in enumerate(keys)]
        self.begin('keys', tables[0])
        self.run_sql(*tables[1:], *(s for i, key in enumerate(keys.values()) for s in ('BEGIN', f'INSERT INTO k{i} VALUES ({key}, NULL)', f"UPDATE k{i} SET v = 'later'", 'COMMIT')))
        for i, kind in enumerate(keys):
            self.worker.wait_records(f'keys.keys.k{i}', 2)
            self.assertEqual([event['after']['v'] for event in self.worker.events(f'keys.keys.k{i}')], ['later', 'later'], kind)

    def test_masks_hide_what_is_read_again_too(self):
        self.begin('hidden', 'CREATE TABLE t (id int PRIMARY KEY, v varchar(20))', **{'column.mask.hash.SHA-256.with.salt.salt': 'hidden.t.v'})
        self.run_sql('BEGIN', 'INSERT INTO t VALUES (1, NULL)', "UPDATE t SET v = 'secret'", 'COMMIT')
        first, second = self.after(2)
        self.assertEqual(first['v'], second['v'])
        self.assertNotIn('secret', str(first))

    def test_what_is_no_such_processor_is_refused(self):
        self.begin('refused', 'CREATE TABLE t (id int PRIMARY KEY, v varchar(20))')
        with self.assertRaises(HttpError) as refused:
            self.worker.create('x', {**self.config, 'post.processors.r.type': 'com.example.Mine'})
        self.assertIn('post.processors.r.type is com.example.Mine', refused.exception.body)


class MySqlReselect(BinlogReselect, unittest.TestCase):
    kind = 'mysql'
    semi_sync = 'source', ('--plugin-load-add=semisync_source.so',)
    more_keys = {}


class MariaDbReselect(BinlogReselect, unittest.TestCase):
    kind = 'mariadb'
    semi_sync = 'master', ('--rpl-semi-sync-master-wait-point=AFTER_SYNC',)
    more_keys = {'uuid': "'123e4567-e89b-12d3-a456-426655440000'", 'inet6': "'2001:db8::1'", 'inet4': "'10.0.0.1'"}
