"""PostgreSQL's large transactions: they are sent while they are in progress and kept until they commit; what is rolled back never
shows, and what is written is the same as where the server holds them back."""
import json, pathlib, unittest

import psycopg2

from fixtures import FOLDER, server
from postgres import Postgres
from servers import wait_until
from worker import Worker, connector

SMALL_MEMORY = ('logical_decoding_work_mem=64kB',)


class LargeTransactions(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = Postgres('large', SMALL_MEMORY).start()
        cls.addClassCleanup(cls.server.stop)

    def begin(self, name, **settings):
        self.name = name
        self.server.fresh_database(name, name)
        self.server.script('CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY)', name)
        self.worker = Worker(FOLDER / f'postgres-{name}').start()
        self.addCleanup(self.worker.kill)
        self.worker.create('c', connector(self.server, name, **{
            'database.dbname': name, 'slot.name': name, 'snapshot.mode': 'no_data', 'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
            'value.converter.schemas.enable': 'false', 'key.converter': 'org.apache.kafka.connect.json.JsonConverter', 'key.converter.schemas.enable': 'false', 'stream.spill.bytes': '100000', 'retriable.restart.connector.wait.ms': '200', **settings}))
        self.worker.wait_log('Streaming from slot')

    def connect(self):
        connection = psycopg2.connect(host='127.0.0.1', port=self.server.port, user='postgres', dbname=self.name)
        self.addCleanup(connection.close)
        return connection

    def streamed(self):
        return int(self.server.value(f"SELECT coalesce(sum(stream_txns), 0) FROM pg_stat_replication_slots WHERE slot_name = '{self.name}'"))

    def wait_streamed(self, count):
        """The server has begun to send so many transactions that are still open."""
        wait_until(f'{count} transactions streamed', lambda: self.streamed() >= count, 60, self.worker.process)

    def rows(self, count, table='t'):
        topic = f'{self.name}.public.{table}'
        self.worker.wait_records(topic, count)
        return [e for e in self.worker.events(topic) if e]

    def mixed(self):
        """Two that overlap, one of them with parts rolled back and a structure told in such a part, one rolled back whole, one small."""
        a, b, c, d = (self.connect() for _ in range(4))
        fill = lambda cursor, first, last, text: cursor.execute(f"INSERT INTO t SELECT i, '{text}' || repeat('x', 50) FROM generate_series({first}, {last}) i")
        ca, cb, cc, cd = a.cursor(), b.cursor(), c.cursor(), d.cursor()
        ca.execute('SAVEPOINT one')
        fill(ca, 1, 3000, 'dropped')
        self.wait_streamed(1)
        ca.execute('ROLLBACK TO one')
        fill(ca, 10_001, 13_000, 'kept')
        fill(cb, 20_001, 23_000, 'other')
        ca.execute('SAVEPOINT two')
        fill(ca, 30_001, 30_500, 'dropped too')
        ca.execute('ROLLBACK TO two')
        ca.execute('SAVEPOINT three')
        fill(ca, 40_001, 40_500, 'kept too')
        ca.execute('RELEASE three')
        fill(cc, 50_001, 53_000, 'never')
        cd.execute('INSERT INTO u VALUES (1)')
        d.commit()
        b.commit()
        ca.execute("UPDATE t SET v = 'changed' WHERE id = 40_001".replace('_', ''))
        ca.execute("SELECT pg_logical_emit_message(true, 'mark', 'within')")
        c.rollback()
        a.commit()
        cd.execute('INSERT INTO u VALUES (2)')
        d.commit()

    def expected_ids(self):
        return [*range(20_001, 23_001), *range(10_001, 13_001), *range(40_001, 40_501), 40_001]

    def test_what_was_rolled_back_never_shows_and_transactions_come_as_they_commit(self):
        self.begin('large_mixed')
        self.mixed()
        rows = self.rows(6501)
        self.assertEqual([e['after']['id'] for e in rows], self.expected_ids())
        self.assertEqual(rows[-1]['op'], 'u')
        self.assertEqual([e['after']['id'] for e in self.rows(2, 'u')], [1, 2])
        messages = self.worker.events(f'{self.name}.message')
        self.assertEqual([m['message']['prefix'] for m in messages], ['mark'])
        self.assertEqual(messages[0]['source']['txId'], rows[-1]['source']['txId'])
        self.assertGreaterEqual(self.streamed(), 2)
        self.assertEqual(self.worker.stop(), 0)

    def test_they_are_as_where_the_server_holds_them_back(self):
        """Every byte but the clock's, transaction metadata with it; two connectors on one database."""
        self.begin('large_equal', **{'provide.transaction.metadata': 'true'})
        held = {**self.worker.get('/connectors/c/config'), 'topic.prefix': 'held', 'slot.name': 'large_held', 'stream.open.transactions': 'false'}
        self.server.drop_slots('none', 'large_held')
        self.worker.create('held', {k: v for k, v in held.items() if k != 'name'})
        wait_until('both streaming', lambda: self.server.is_streaming('large_held'), 30)
        self.mixed()
        self.rows(6501)
        def told(prefix, topic):
            self.worker.wait_records(f'{prefix}.public.u', 2)
            found = []
            for r in self.worker.records(f'{prefix}.{topic}'):
                value = json.loads(r['v'])
                for block in (value, value.get('source') or {}):
                    for clock in ('ts_ms', 'ts_us', 'ts_ns', 'name'):  # the name is the connector's
                        block.pop(clock, None)
                found.append((r['k'], value))
            return found
        for topic, count in (('public.t', 6501), ('public.u', 2), ('transaction', 8), ('message', 1)):
            self.worker.wait_records(f'held.{topic}', count)
            streamed, held = told(self.name, topic), told('held', topic)
            self.assertEqual(len(streamed), len(held), topic)
            self.assertEqual([(a, b) for a, b in zip(streamed, held) if a != b][:3], [], topic)
        self.assertEqual(self.worker.stop(), 0)

    def test_killed_while_one_is_open_and_while_it_is_written(self):
        self.begin('large_killed')
        connection = self.connect()
        cursor = connection.cursor()
        cursor.execute("INSERT INTO t SELECT i, repeat('x', 50) FROM generate_series(1, 20000) i")
        self.wait_streamed(1)
        self.worker.kill()
        self.worker.start(failpoint='stream.rows:7000', wait=False)
        wait_until('streaming again', lambda: self.server.is_streaming(self.name), 30)
        connection.commit()
        wait_until('the failpoint', lambda: not self.worker.is_alive(), 60)
        self.worker.start()
        self.assertEqual([e['after']['id'] for e in self.rows(20_000)], list(range(1, 20_001)))
        self.assertEqual(self.worker.stop(), 0)

    def test_a_folder_that_takes_no_file_is_told(self):
        self.begin('large_folder', **{'stream.spill.directory': '/nowhere'})
        self.server.script("INSERT INTO t SELECT i, repeat('x', 50) FROM generate_series(1, 20000) i", self.name)
        self.assertIn('name another folder with stream.spill.directory', self.worker.wait_failed('c'))
        config = self.worker.get('/connectors/c/config')
        self.worker.request('PUT', '/connectors/c/config', {**config, 'stream.spill.directory': ''})
        self.assertEqual([e['after']['id'] for e in self.rows(20_000)], list(range(1, 20_001)))
        self.assertEqual(list(pathlib.Path('/var/tmp').glob('millrace-transaction-*')), [])


if __name__ == '__main__':
    unittest.main()
