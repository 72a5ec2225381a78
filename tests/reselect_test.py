"""ReselectColumnsPostProcessor: what the log lacks is read from the table, as of a moment that is not before the change."""
import threading, unittest

from fixtures import FOLDER, server
from postgres import Postgres
from servers import wait_until
from worker import HttpError, Worker, connector, payload

RESELECT = 'io.debezium.processors.reselect.ReselectColumnsPostProcessor'


class Reselect(unittest.TestCase):
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

    def release(self):
        self.server.script("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")

    def test_a_value_is_never_older_than_its_change(self):
        """A server tells its log a commit before its queries see it."""
        self.commit_unseen('unseen', **{'reselect.visibility.timeout.ms': '60000'})
        wait_until('the row asked for', lambda: int(self.server.value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%txid_current_snapshot%' AND pid <> pg_backend_pid()")), 30)
        self.release()
        self.worker.wait_records(self.topic, 1)
        self.assertIsNone(self.worker.events(self.topic)[0]['after']['v'])

    def test_a_change_that_stays_unseen_is_written_as_the_log_has_it(self):
        self.commit_unseen('waiting', **{'reselect.visibility.timeout.ms': '200'})
        self.worker.wait_records(self.topic, 1)
        self.assertIsNone(self.worker.events(self.topic)[0]['after']['v'])
        self.assertRegex(self.worker.log(), 'has committed but cannot be seen by queries; is a synchronous standby away')
        self.release()

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
