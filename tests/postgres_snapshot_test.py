"""PostgreSQL's incremental snapshots: read beside streaming, under load, whatever is killed. What is judged is the table that a
consumer ends up with: it equals the server's."""
import json, random, threading, time, unittest

import psycopg2

from chunked_snapshot_test import fold
from fixtures import FOLDER, LONG, server
from servers import wait_until
from worker import Worker, connector

TABLES = '''
CREATE TABLE t (id int PRIMARY KEY, v bigint NOT NULL);
CREATE TABLE signals (id varchar(64) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048));
'''


class Changes(threading.Thread):
    """Upserts and deletes on random rows, so many a second, in transactions of up to 100."""
    def __init__(self, s, database, per_second, span):
        super().__init__(daemon=True)
        self.connection = psycopg2.connect(host='127.0.0.1', port=s.port, user='postgres', dbname=database)
        self.per_second, self.span, self.count, self.stopped, self.random = per_second, span, 0, threading.Event(), random.Random(7)
        self.start()

    def run(self):
        cursor, due = self.connection.cursor(), time.monotonic()
        while not self.stopped.is_set():
            size = self.random.choice([1, 10, 100])
            keys = self.random.sample(range(self.span), size)
            cursor.execute('INSERT INTO t VALUES ' + ','.join(f'({key}, {self.count + i})' for i, key in enumerate(keys)) + ' ON CONFLICT (id) DO UPDATE SET v = excluded.v')
            cursor.execute('DELETE FROM t WHERE id = %s', (self.random.randrange(self.span),))
            self.connection.commit()
            self.count += size + 1
            due += (size + 1) / self.per_second
            time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self.stopped.set()
        self.join()
        self.connection.close()


class PostgresIncremental(unittest.TestCase):
    maxDiff = None

    def begin(self, name, rows, **settings):
        self.name, self.server = name, server('postgres')
        self.server.fresh_database(name, name)
        self.server.script(TABLES + f'INSERT INTO t SELECT i, i FROM generate_series(0, {rows - 1}) i; ANALYZE t;', name)
        self.worker = Worker(FOLDER / f'postgres-{name}').start()
        self.addCleanup(self.worker.kill)
        self.worker.create('c', connector(self.server, name, **{
            'database.dbname': name, 'slot.name': name, 'table.include.list': 'public.t', 'snapshot.mode': 'no_data', 'signal.data.collection': 'public.signals',
            'retriable.restart.connector.wait.ms': '200', 'slot.retry.delay.ms': '2000', **settings}))
        self.worker.wait_log('Streaming from slot')

    def signal(self, id, type, **data):
        self.server.script(f"INSERT INTO signals VALUES ('{id}', '{type}', '{json.dumps(data)}')", self.name)

    def events(self):
        return [e for e in self.worker.events(f'{self.name}.public.t') if e]

    def check(self):
        """Once the last change has come, the consumer has what the server has. Returns the number of rows read."""
        self.server.script('INSERT INTO t VALUES (-1, -1)', self.name)
        wait_until('the last change', lambda: (self.events()[-1]['after'] or {}).get('id') == -1, 120, self.worker.process)
        rows, reads = fold(self.events())
        expected = {int(id): int(v) for id, v in (line.split('|') for line in self.server.script('SELECT id, v FROM t', self.name).split('\n'))}
        self.assertEqual({k: (rows.get(k), expected.get(k)) for k in {*rows, *expected} if rows.get(k) != expected.get(k)}, {})
        return reads

    def under_load(self, name, **settings):
        count = 1_000_000 if LONG else 60_000
        self.begin(name, count, **{'snapshot.max.rows.per.second': str(count // (90 if LONG else 10)), **settings})
        load, began = Changes(self.server, name, 2000, count), time.monotonic()
        self.signal('s1', 'execute-snapshot', **{'data-collections': ['public.t']})
        kills, due = 0, time.monotonic() + 3
        while 'Incremental snapshot s1 completed' not in self.worker.log():
            if time.monotonic() > due:
                self.worker.kill()
                kills += 1
                self.worker.start()
                due = time.monotonic() + 3
            time.sleep(0.2)
            self.assertLess(time.monotonic() - began, 300)
        load.stop()
        seconds = time.monotonic() - began
        reads = self.check()
        print(f'    {kills} kills, {load.count} changes ({load.count / seconds:.0f}/s), {reads} rows read of about {count} in {seconds:.0f} s', flush=True)
        self.assertGreater(reads, count * 0.5)
        self.assertGreater(kills, 0)
        self.assertEqual(self.worker.stop(), 0)

    def test_under_load_with_marks_in_the_signal_table(self):
        self.under_load('incremental')

    def test_under_load_without_writing(self):
        self.under_load('incremental_ro', **{'read.only': 'true'})
        self.assertEqual(self.server.script('SELECT id FROM signals', 'incremental_ro'), 's1')

    def test_without_writing_on_an_idle_server(self):
        """No change comes that would end the windows; the server's word of where its log is does."""
        self.begin('incremental_idle', 5000, **{'read.only': 'true', 'incremental.snapshot.chunk.size': '500'})
        began = time.monotonic()
        self.signal('s1', 'execute-snapshot', **{'data-collections': ['public.t']})
        self.worker.wait_log('Incremental snapshot s1 completed')
        self.assertEqual(self.check(), 5000)
        self.assertLess(time.monotonic() - began, 60)

    def test_a_key_with_nulls_and_equal_values(self):
        self.begin('incremental_keys', 1, **{'table.include.list': 'public.u', 'incremental.snapshot.chunk.size': '3'})
        self.server.script("CREATE TABLE u (id int PRIMARY KEY, a text, b timestamptz, c double precision); INSERT INTO u SELECT i, CASE WHEN i % 4 > 0 THEN 'it''s ' || i % 3 END, "
                           "CASE WHEN i % 5 > 0 THEN timestamptz '2024-02-29 01:02:03.000004+00' + i % 2 * interval '1 day' END, CASE i % 3 WHEN 0 THEN 'NaN' WHEN 1 THEN 0.1 END "
                           "FROM generate_series(1, 40) i", self.name)
        for before, surrogate in ((0, 'a'), (40, 'b'), (80, 'c'), (120, 'id')):
            self.signal(surrogate, 'execute-snapshot', **{'data-collections': ['public.u'], 'surrogate-key': surrogate})
            self.worker.wait_log(f'Incremental snapshot {surrogate} completed')
            reads = lambda: [e for e in self.worker.events(f'{self.name}.public.u') if e['op'] == 'r']
            wait_until('the rows', lambda: len(reads()) >= before + 40, 30, self.worker.process)
            read = reads()[before:]
            self.assertEqual(sorted(e['after']['id'] for e in read), list(range(1, 41)), surrogate)

    def test_a_table_that_cannot_be_read_is_told_and_the_next_one_is_read(self):
        for name, settings in (('incremental_bad', {}), ('incremental_bad_ro', {'read.only': 'true'})):
            with self.subTest(name):
                self.begin(name, 10, **{'table.include.list': 'public.t,public.secret', **settings})
                self.server.script('CREATE TABLE secret (id int PRIMARY KEY)', name)
                self.signal('s1', 'execute-snapshot', **{'data-collections': ['public.secret', 'public.t'], 'additional-conditions': [{'data-collection': 'public.secret', 'filter': 'nothing = 1'}]})
                self.worker.wait_log('Incremental snapshot s1 completed')
                self.assertIn('column "nothing" does not exist', self.worker.log())
                self.assertEqual(self.check(), 10)
                self.worker.kill()


if __name__ == '__main__':
    unittest.main()
