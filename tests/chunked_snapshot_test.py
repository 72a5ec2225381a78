"""Snapshots that go on where they were: an initial one after kills, and incremental ones beside streaming, under load.
What is judged is the table that a consumer ends up with: it equals the server's."""
import json, random, threading, time, unittest

from fixtures import FOLDER, LONG, fresh_database, server
from servers import wait_until
from worker import HttpError, Worker, connector


class Changes(threading.Thread):
    """Inserts, updates and deletes on random rows, so many a second."""
    def __init__(self, s, table, per_second, span):
        super().__init__(daemon=True)
        self.server, self.table, self.per_second, self.span = s, table, per_second, span
        self.count, self.stopped, self.random = 0, threading.Event(), random.Random(5)
        self.start()

    def run(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            due = time.monotonic()
            size = max(10, self.per_second // 20)  # of a transaction; each costs the server a sync
            while not self.stopped.is_set():
                keys = [self.random.randrange(self.span) for _ in range(size - 2)]
                cursor.execute('BEGIN')
                cursor.execute(f'INSERT INTO {self.table} (id, v) VALUES ' + ','.join(f'({k}, {self.count + i})' for i, k in enumerate(keys)) + ' ON DUPLICATE KEY UPDATE v = VALUES(v)')
                cursor.execute(f'DELETE FROM {self.table} WHERE id IN ({self.random.randrange(self.span)}, {self.random.randrange(self.span)})')
                cursor.execute('COMMIT')
                self.count += size
                due += size / self.per_second
                time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self.stopped.set()
        self.join()


def fold(events):
    """The table that a consumer has after these, and the number of read events."""
    rows, reads = {}, 0
    for e in events:
        reads += e['op'] == 'r'
        if e['op'] == 'd':
            rows.pop(e['before']['id'], None)
        else:
            rows[e['after']['id']] = e['after']['v']
    return rows, reads


class ChunkedSnapshot(unittest.TestCase):
    def prepare(self, kind, rows, columns='id INT PRIMARY KEY, v INT'):
        self.s = server(kind)
        self.database = fresh_database(self.s, f'chunked_{self.id().rsplit("_", 1)[1]}')
        self.s.sql(f'CREATE TABLE {self.database}.t ({columns})', f'CREATE TABLE {self.database}.signals (id VARCHAR(64) PRIMARY KEY, type VARCHAR(32), data TEXT)')
        self.fill(rows)
        return {**connector(self.s, 'k'), 'database.include.list': self.database, 'include.schema.changes': 'false', 'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
                'value.converter.schemas.enable': 'false', 'signal.data.collection': f'{self.database}.signals'}

    def fill(self, rows):
        with self.s.connect() as connection, connection.cursor() as cursor:
            for first in range(0, rows, 10_000):
                cursor.execute(f'INSERT INTO {self.database}.t (id, v) VALUES ' + ','.join(f'({i}, {i})' for i in range(first, min(rows, first + 10_000))))
            connection.commit()
            cursor.execute(f'ANALYZE TABLE {self.database}.t')

    def worker(self):
        w = Worker(FOLDER / self.id().rsplit('.', 1)[1]).start()
        self.addCleanup(w.kill)
        return w

    maxDiff = None

    def table(self):
        return {row[0]: row[1] for row in self.s.sql(f'SELECT id, v FROM {self.database}.t')}

    def signal(self, id, type, **data):
        self.s.sql(f"INSERT INTO {self.database}.signals VALUES ('{id}', '{type}', '{json.dumps(data)}')")

    def events(self, w):
        return [e for e in w.events(f'k.{self.database}.t') if e]

    def check(self, w):
        """Once the last change has come, the consumer has what the server has."""
        self.s.sql(f'INSERT INTO {self.database}.t (id, v) VALUES (-1, -1)')
        wait_until('the last change', lambda: self.events(w)[-1].get('after') == {'id': -1, 'v': -1}, 120, w.process)
        rows, reads = fold(self.events(w))
        expected = self.table()
        self.assertEqual({k: (rows.get(k), expected.get(k)) for k in {*rows, *expected} if rows.get(k) != expected.get(k)}, {})
        return reads

    def initial(self, kind, threads):
        count = 2_000_000 if LONG else 200_000
        config = {**self.prepare(kind, count), 'snapshot.max.threads': threads, 'snapshot.chunk.rows': 5_000, 'snapshot.max.rows.per.second': count // 10}
        w = self.worker()
        load = Changes(self.s, f'{self.database}.t', 200, count)
        w.create('c', config)
        chance, kills = random.Random(threads), 0
        while kills < 5:
            time.sleep(chance.uniform(0.8, 1.6))  # the moment of the kill is what is random here
            w.kill()
            kills += 1
            w.start()
        wait_until('the snapshot completed', lambda: '"millrace_snapshot"' not in json.dumps(w.get('/connectors/c/offsets')) and w.get('/connectors/c/offsets')['offsets'], 300, w.process)
        load.stop()
        reads = self.check(w)
        log = w.log_path.read_text()
        print(f'    {kind}, {threads} thread(s): {kills} kills, {log.count("The interrupted snapshot goes on")} resumed, {load.count} changes; {reads - count:+} rows against the table\'s {count}', flush=True)
        self.assertGreaterEqual(log.count('The interrupted snapshot goes on'), 3)
        self.assertNotIn('starts over', log)
        self.assertLessEqual(reads, count * 1.02 + kills * threads * 5_000)
        self.assertEqual(w.stop(), 0)

    def test_killed_initial_snapshot_goes_on_mysql(self):
        self.initial('mysql', 1)

    def test_killed_parallel_snapshot_goes_on_mariadb(self):
        self.initial('mariadb', 2)

    def incremental(self, kind, **more):
        count = 1_000_000 if LONG else 100_000
        config = {**self.prepare(kind, count), 'snapshot.mode': 'no_data', 'snapshot.max.rows.per.second': count // (90 if LONG else 12), **more}
        w = self.worker()
        w.create('c', config)
        w.wait_log('Connected to')
        load, began = Changes(self.s, f'{self.database}.t', 2000, count), time.monotonic()
        self.signal('s1', 'execute-snapshot', **{'data-collections': [f'{self.database}[.]t']})
        kills, due = 0, time.monotonic() + 5
        while w.log_path.read_text().count('Incremental snapshot s1 completed') == 0:
            if time.monotonic() > due:
                w.kill()
                kills += 1
                w.start()
                due = time.monotonic() + 5
            time.sleep(0.2)
            self.assertLess(kills, 60)
        load.stop()
        seconds = time.monotonic() - began
        reads = self.check(w)
        print(f'    {kind}: {kills} kills, {load.count} changes ({load.count / seconds:.0f}/s), {reads} rows read of about {count} in {seconds:.0f} s', flush=True)
        self.assertGreater(reads, count * 0.5)
        self.assertEqual(w.stop(), 0)

    def test_incremental_snapshot_under_load_mysql(self):
        self.incremental('mysql')

    def test_incremental_snapshot_that_writes_nothing_mariadb(self):
        self.incremental('mariadb', **{'read.only': 'true'})
        self.assertEqual([row[0] for row in self.s.sql(f'SELECT id FROM {self.database}.signals')], ['s1'])

    def test_signals_by_topic_file_and_rest(self):
        signals = FOLDER / 'signals.txt'
        signals.write_text('')
        config = {**self.prepare('mysql', 10), 'signal.enabled.channels': 'kafka,file', 'signal.poll.interval.ms': 100, 'signal.file': str(signals), 'read.only': 'true',
                  'notification.enabled.channels': 'sink,log', 'notification.sink.topic.name': 'k.notes', 'snapshot.mode': 'no_data'}
        w = self.worker()
        w.create('c', config)
        w.wait_log('Connected to')
        topic = f'k.{self.database}.t'
        snapshot = lambda id, **more: {'id': id, 'type': 'execute-snapshot', 'data': {'data-collections': [f'{self.database}.t'], **more}}
        w.cli('topics', 'put', '--at', w.url, 'k-signal', 'k', json.dumps(snapshot('by-topic')))
        w.wait_records(topic, 10)
        signals.write_text(json.dumps(snapshot('by-file', **{'additional-conditions': [{'data-collection': f'{self.database}.t', 'filter': 'v < 3'}]})) + '\n')
        w.wait_records(topic, 13)
        wait_until('the file emptied', lambda: signals.read_text() == '', 10)
        status, answer, _ = w.request('POST', '/connectors/c/signals', snapshot('by-rest', **{'surrogate-key': 'v'}))
        self.assertEqual((status, json.loads(answer)), (202, {'id': 'by-rest'}))
        w.wait_records(topic, 23)
        w.request('POST', '/connectors/c/restart?includeTasks=true')  # what was acted on is not acted on again
        w.wait_running('c')
        self.s.sql(f'INSERT INTO {self.database}.t VALUES (100, 100)')
        w.wait_records(topic, 24)
        self.assertEqual([e['op'] for e in self.events(w)], ['r'] * 23 + ['c'])
        self.assertEqual({e['source']['snapshot'] for e in self.events(w)[:23]}, {'incremental'})
        notes = [(n['payload'] if 'payload' in n else n) for n in w.events('k.notes')]
        self.assertEqual([n['id'] for n in notes if n['type'] == 'COMPLETED' and n['aggregate_type'] == 'Incremental Snapshot'], ['by-topic', 'by-file', 'by-rest'])
        for body in ({'id': 'x'}, {'id': 1, 'type': 'log'}):
            with self.assertRaises(HttpError) as refused:
                w.request('POST', '/connectors/c/signals', body)
            self.assertEqual(refused.exception.status, 400)

    def test_paused_stopped_and_unknown(self):
        config = {**self.prepare('mariadb', 3000), 'incremental.snapshot.chunk.size': 100, 'snapshot.max.rows.per.second': 2000, 'snapshot.mode': 'no_data',
                  'notification.enabled.channels': 'sink', 'notification.sink.topic.name': 'k.notes'}
        w = self.worker()
        w.create('c', config)
        w.wait_log('Connected to')
        types = lambda: [n['type'] for n in w.events('k.notes') if n['aggregate_type'] == 'Incremental Snapshot']
        self.signal('p1', 'execute-snapshot', **{'data-collections': [f'{self.database}.t', f'{self.database}.nothing']})
        w.wait_records(f'k.{self.database}.t', 100)
        self.signal('p2', 'pause-snapshot')
        wait_until('it paused', lambda: 'PAUSED' in types(), 20, w.process)
        self.s.sql(f'INSERT INTO {self.database}.t VALUES (5000, 1)')
        self.signal('p3', 'resume-snapshot')
        wait_until('it completed', lambda: 'COMPLETED' in types(), 30, w.process)
        self.assertEqual([t for t in types() if t != 'IN_PROGRESS'], ['STARTED', 'PAUSED', 'RESUMED', 'TABLE_SCAN_COMPLETED', 'TABLE_SCAN_COMPLETED', 'COMPLETED'])
        self.assertEqual([n['additional_data'].get('status') for n in w.events('k.notes') if n['type'] == 'TABLE_SCAN_COMPLETED'][-2:], ['SUCCEEDED', 'UNKNOWN_SCHEMA'])
        self.signal('p4', 'execute-snapshot', **{'data-collections': [f'{self.database}.t']})
        wait_until('it began again', lambda: types().count('STARTED') == 2, 20, w.process)
        self.signal('p5', 'stop-snapshot')
        wait_until('it ended', lambda: types()[-1] == 'ABORTED', 20, w.process)
        self.assertEqual(w.stop(), 0)


if __name__ == '__main__':
    unittest.main()
