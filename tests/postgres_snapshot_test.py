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


class PostgresInitial(unittest.TestCase):
    """What an interruption leaves of an initial snapshot is read beside streaming; tables that are captured anew likewise."""
    maxDiff = None

    def begin(self, name, ddl, **settings):
        self.name, self.server = name, server('postgres')
        self.server.fresh_database(name, name)
        self.server.script(ddl, name)
        self.worker = Worker(FOLDER / f'postgres-{name}').start()
        self.addCleanup(self.worker.kill)
        self.config = connector(self.server, name, **{
            'database.dbname': name, 'slot.name': name, 'value.converter': 'org.apache.kafka.connect.json.JsonConverter', 'value.converter.schemas.enable': 'false',
            'retriable.restart.connector.wait.ms': '200', 'slot.retry.delay.ms': '2000', **settings})
        self.worker.create('c', self.config)

    def events(self, table='t'):
        return [e for e in self.worker.events(f'{self.name}.public.{table}') if e]

    def state(self):
        return json.dumps(self.worker.get('/connectors/c/offsets'))

    def check(self, table='t'):
        self.server.script(f'INSERT INTO {table} VALUES (-1, -1)', self.name)
        wait_until('the last change', lambda: (self.events(table) or [{}])[-1].get('after') == {'id': -1, 'v': -1}, 120, self.worker.process)
        rows, reads = fold(self.events(table))
        expected = {int(id): int(v) for id, v in (line.split('|') for line in self.server.script(f'SELECT id, v FROM {table}', self.name).split('\n'))}
        self.assertEqual({k: (rows.get(k), expected.get(k)) for k in {*rows, *expected} if rows.get(k) != expected.get(k)}, {})
        return reads

    def killed(self, name, threads):
        count = 2_000_000 if LONG else 200_000
        self.begin(name, f'CREATE TABLE t (id int PRIMARY KEY, v bigint NOT NULL); INSERT INTO t SELECT i, i FROM generate_series(0, {count - 1}) i; '
                         'CREATE TABLE plain (v int); INSERT INTO plain VALUES (7), (7); CREATE TABLE a_small (id int PRIMARY KEY); INSERT INTO a_small VALUES (1)',
                   **{'snapshot.max.threads': threads, 'snapshot.chunk.rows': 5_000, 'snapshot.max.rows.per.second': count // 10})
        load, chance, kills = Changes(self.server, name, 200, count), random.Random(threads), 0
        while kills < 5:
            time.sleep(chance.uniform(0.8, 1.6))  # the moment of the kill is what is random here
            self.worker.kill()
            kills += 1
            self.worker.start()
        wait_until('the snapshot completed', lambda: '"millrace_snapshot"' not in self.state() and '"lsn"' in self.state(), 300, self.worker.process)
        load.stop()
        reads, log = self.check(), self.worker.log()
        print(f'    {threads} thread(s): {kills} kills, {log.count("The interrupted snapshot goes on")} resumed, {load.count} changes; {reads - count:+} rows against the table\'s {count}', flush=True)
        self.assertGreaterEqual(log.count('The interrupted snapshot goes on'), 3)
        self.assertNotIn('starts over', log)
        self.assertLessEqual(reads, count * 1.02 + kills * int(threads) * 5_000)
        self.assertIn([e['after'] for e in self.events('plain')], [[{'v': 7}] * 2, [{'v': 7}] * 4])
        self.assertEqual([e['after'] for e in self.events('a_small')], [{'id': 1}])
        self.assertEqual(self.server.value(f"SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'"), '1')
        self.assertEqual(self.worker.stop(), 0)

    def test_a_killed_one_goes_on(self):
        self.killed('resumed', '1')

    def test_a_killed_parallel_one_goes_on(self):
        self.killed('resumed_threads', '3')

    def test_a_table_without_key_is_read_again_and_told_once(self):
        """Changes between the snapshot and the second reading are in what is read, and are not told again."""
        self.begin('resumed_plain', "CREATE TABLE plain (id int, v int); INSERT INTO plain SELECT i, i FROM generate_series(1, 3000) i; ALTER TABLE plain REPLICA IDENTITY FULL",
                   **{'snapshot.max.rows.per.second': '1000', 'offset.flush.interval.ms': '100'})
        self.worker.wait_records('resumed_plain.public.plain', 1100)
        self.worker.kill()
        self.server.script('UPDATE plain SET v = -v WHERE id = 5; DELETE FROM plain WHERE id = 6; INSERT INTO plain VALUES (4000, 1); TRUNCATE plain; INSERT INTO plain VALUES (1, 2), (2, 3)', self.name)
        self.worker.start()
        self.worker.wait_log('goes on while the log is read')
        self.server.script('INSERT INTO plain VALUES (3, 4)', self.name)
        wait_until('the last change', lambda: self.events('plain')[-1]['after'] == {'id': 3, 'v': 4}, 60, self.worker.process)
        log = self.worker.log()
        self.assertIn('are read as a whole, as of', log)
        self.assertEqual([(e['op'], e['after']) for e in self.events('plain')][-3:], [('r', {'id': 1, 'v': 2}), ('r', {'id': 2, 'v': 3}), ('c', {'id': 3, 'v': 4})])
        self.assertNotIn('millrace_read_at', self.state())

    def test_an_altered_table_is_read_as_it_is(self):
        self.begin('resumed_altered', "CREATE TABLE t (id int PRIMARY KEY, v int, w int); INSERT INTO t SELECT i, i, i FROM generate_series(1, 20000) i",
                   **{'snapshot.max.rows.per.second': '10000', 'snapshot.chunk.rows': '1000', 'offset.flush.interval.ms': '100'})
        self.worker.wait_records('resumed_altered.public.t', 3000)
        self.worker.kill()
        self.server.script("ALTER TABLE t DROP COLUMN w; ALTER TABLE t ADD COLUMN x text DEFAULT 'new'; UPDATE t SET v = -1 WHERE id = 20000", self.name)
        self.worker.start()
        wait_until('all rows', lambda: len({e['after']['id'] for e in self.events()}) == 20_000, 60, self.worker.process)
        last = {e['after']['id']: e['after'] for e in self.events()}
        self.assertEqual(last[20_000], {'id': 20_000, 'v': -1, 'x': 'new'})
        self.assertEqual(last[19_999], {'id': 19_999, 'v': 19_999, 'x': 'new'})

    def test_one_whose_slot_is_gone_starts_over(self):
        self.begin('resumed_gone', 'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 20000) i',
                   **{'snapshot.max.rows.per.second': '10000', 'snapshot.chunk.rows': '1000', 'offset.flush.interval.ms': '100'})
        self.worker.wait_records('resumed_gone.public.t', 3000)
        self.worker.kill()
        self.server.drop_slots('resumed_gone', 'resumed_gone')
        self.server.script('INSERT INTO t VALUES (0, 0)', self.name)
        self.worker.start()
        self.worker.wait_log('The interrupted snapshot starts over: the replication slot resumed_gone is gone')
        self.worker.wait_log('Streaming from slot')
        self.assertGreaterEqual(self.check(), 20_001)

    def test_tables_captured_anew(self):
        """Their rows are read, one with a key and one without; what is captured already is not read again."""
        self.begin('anew', "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1); CREATE TABLE keyed (id int PRIMARY KEY, v text); CREATE TABLE plain (v int); "
                           "INSERT INTO keyed VALUES (1, 'a'), (2, 'b'); INSERT INTO plain VALUES (7), (7); ALTER TABLE plain REPLICA IDENTITY FULL",
                   **{'table.include.list': 'public.t', 'publication.autocreate.mode': 'filtered'})
        self.worker.wait_log('Streaming from slot')
        self.server.script('DELETE FROM keyed WHERE id = 1; INSERT INTO t VALUES (2, 2)', self.name)
        self.worker.wait_records('anew.public.t', 2)
        self.worker.request('PUT', '/connectors/c/config', {**self.config, 'table.include.list': 'public.t,public.keyed,public.plain'})
        self.worker.wait_records('anew.public.keyed', 1)
        self.worker.wait_records('anew.public.plain', 2)
        self.server.script("UPDATE keyed SET v = 'c'; INSERT INTO plain VALUES (8); INSERT INTO t VALUES (3, 3)", self.name)
        self.worker.wait_records('anew.public.t', 3)
        self.worker.wait_records('anew.public.plain', 3)
        self.worker.stop()  # they are taken up once
        self.server.script("INSERT INTO keyed VALUES (4, 'd')", self.name)
        self.worker.start()
        self.worker.wait_records('anew.public.keyed', 3)
        told = lambda table: [(e['op'], e['after']) for e in self.events(table)]
        self.assertEqual(told('keyed'), [('r', {'id': 2, 'v': 'b'}), ('u', {'id': 2, 'v': 'c'}), ('c', {'id': 4, 'v': 'd'})])
        self.assertEqual(told('plain'), [('r', {'v': 7}), ('r', {'v': 7}), ('c', {'v': 8})])
        self.assertEqual([op for op, _ in told('t')], ['r', 'c', 'c'])


if __name__ == '__main__':
    unittest.main()
