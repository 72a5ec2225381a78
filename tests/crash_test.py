"""kill -9 at random moments and at every failpoint, under load: nothing missing, nothing doubled, nothing out of
order per key. A killed snapshot starts over; the r events of each attempt are judged apart."""
import collections, random, threading, time, unittest

from fixtures import FOLDER, LONG, fresh_database, scaled, server
from servers import wait_until
from worker import Worker, connector

FAILPOINTS = ['store.before_commit', 'store.in_commit', 'store.after_commit', 'sender.after_append', 'stream.rows', 'stream.ddl']
# (where, at which time it is reached); the last one comes when the snapshot is done.
SNAPSHOT_FAILPOINTS = [('store.before_commit', 2), ('snapshot.view_open', 1), ('snapshot.history_written', 1), ('snapshot.row', 40_000), ('store.in_commit', 6),
                       ('snapshot.row', 95_000), ('store.after_commit', 7), ('snapshot.before_completion', 1), ('snapshot.after_completion', 1)]


class Load(threading.Thread):
    """Random inserts, updates and deletes in transactions of random size, all noted in order, with DDL now and then."""
    def __init__(self, s, database, seed, per_second=400):
        super().__init__(daemon=True)
        self.server, self.database, self.random, self.pause = s, database, random.Random(seed), 1 / per_second
        self.history = collections.defaultdict(list)  # key: [(op, version)]
        self.changes, self.stopped = 0, threading.Event()
        self.start()

    def run(self):
        alive, version, columns = {}, 0, 0
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f'USE {self.database}')
            while not self.stopped.is_set():
                noted = []
                cursor.execute('BEGIN')
                for _ in range(self.random.choice([1, 1, 2, 5, 40])):
                    version += 1
                    key = self.random.randrange(300)
                    if key not in alive:
                        cursor.execute('INSERT INTO t (id, version) VALUES (%s, %s)', (key, version))
                        alive[key] = version
                        noted.append((key, 'c', version))
                    elif self.random.random() < 0.2:
                        cursor.execute('DELETE FROM t WHERE id = %s', (key,))
                        noted.append((key, 'd', alive.pop(key)))
                    else:
                        cursor.execute('UPDATE t SET version = %s WHERE id = %s', (version, key))
                        alive[key] = version
                        noted.append((key, 'u', version))
                rolled_back = self.random.random() < 0.05
                cursor.execute('ROLLBACK' if rolled_back else 'COMMIT')
                if rolled_back:
                    alive = dict(self.state())
                else:
                    for key, op, v in noted:
                        self.history[key].append((op, v))
                    self.changes += len(noted)
                if self.random.random() < 0.02:
                    columns += 1
                    cursor.execute(f'ALTER TABLE t ADD COLUMN x{columns} INT DEFAULT {columns}')
                    if columns > 1:
                        cursor.execute(f'ALTER TABLE t DROP COLUMN x{columns - 1}')
                time.sleep(self.pause * max(1, len(noted)))

    def state(self):
        """The rows alive, by the history."""
        return {key: ops[-1][1] for key, ops in self.history.items() if ops and ops[-1][0] != 'd'}

    def stop(self):
        self.stopped.set()
        self.join()


class Crash(unittest.TestCase):
    maxDiff = None

    def start(self, kind, database, prefix):
        self.server = server(kind)
        fresh_database(self.server, database)
        self.server.sql(f'CREATE TABLE {database}.t (id INT PRIMARY KEY, version BIGINT NOT NULL)')
        worker = Worker(FOLDER / f'crash-{self.id().rsplit(".", 1)[1]}').start()
        self.addCleanup(worker.kill)
        self.config = connector(self.server, prefix, **{'database.include.list': database})
        return worker

    def check_streamed(self, worker, topic, load):
        """The topic's changes against the history: the same, in order, per key."""
        found = collections.defaultdict(list)
        def count():
            return sum(1 for e in worker.events(topic) if e is not None and e['op'] != 'r')
        wait_until(f'all {load.changes} changes', lambda: count() >= load.changes, 60, worker.process)
        for e in worker.events(topic):
            if e is not None and e['op'] != 'r':
                row = e['after'] or e['before']
                found[row['id']].append((e['op'], row['version']))
        lost = sum(1 for key, ops in load.history.items() for o in ops if o not in found[key])
        doubled = sum(n - 1 for ops in found.values() for n in collections.Counter(ops).values() if n > 1)
        self.assertEqual((lost, doubled), (0, 0))
        self.assertEqual(dict(found), {k: v for k, v in load.history.items() if v})
        return lost, doubled

    def kill_under_load(self, kind, kills):
        database = 'crashing'
        worker = self.start(kind, database, 'k')
        worker.create('c', self.config)
        worker.wait_log('Connected to')
        load = Load(self.server, database, seed=kills)
        chance = random.Random(kills)
        by_failpoint = 0
        try:
            for i in range(kills):
                if i % 2 == 0:
                    time.sleep(chance.uniform(0.02, 0.4))  # the moment of the kill is what is random here
                else:
                    worker.kill()
                    worker.start(failpoint=f'{FAILPOINTS[i // 2 % len(FAILPOINTS)]}:{chance.randrange(1, 30)}', wait=False)
                    end = time.monotonic() + 3
                    while worker.is_alive() and time.monotonic() < end:
                        time.sleep(0.01)
                    by_failpoint += not worker.is_alive()
                worker.kill()
                worker.start(wait=False)
        finally:
            load.stop()
        wait_until('the worker answering', worker.answers, 20, worker.process)
        lost, doubled = self.check_streamed(worker, f'k.{database}.t', load)
        print(f'    {kind}: {kills} kills ({by_failpoint} at failpoints), {load.changes} changes: {lost} lost, {doubled} doubled', flush=True)
        self.assertEqual(worker.stop(), 0)

    def test_streaming_on_mysql(self):
        self.kill_under_load('mysql', scaled(200))

    def test_streaming_on_mariadb(self):
        self.kill_under_load('mariadb', scaled(200))

    def test_snapshots_start_over(self):
        worker = self.start('mariadb', 'snapped', 's')
        self.config['snapshot.resume'] = 'false'  # chunked_snapshot_test.py has those that go on
        self.server.sql('USE snapped', 'INSERT INTO t SELECT seq, seq FROM seq_1_to_100000')
        worker.create('c', self.config)
        rounds = 3 if LONG else 1
        for failpoint, times in SNAPSHOT_FAILPOINTS[:-1] * rounds + SNAPSHOT_FAILPOINTS[-1:]:
            worker.kill()
            worker.start(failpoint=f'{failpoint}:{times}', wait=False)
            end = time.monotonic() + 2
            while worker.is_alive() and time.monotonic() < end:
                time.sleep(0.01)
        worker.kill()
        worker.start()
        worker.wait_log('Connected to')
        self.server.sql('INSERT INTO snapped.t VALUES (0, 0)')
        def done():
            events = worker.events('s.snapped.t')
            return events if events and events[-1]['op'] == 'c' else None
        events = wait_until('the change after the snapshot', done, 60, worker.process)
        attempts, current = [], []
        for e in events[:-1]:
            if e['source']['snapshot'] == 'first':
                current = []
                attempts.append(current)
            current.append(e['after']['id'])
        self.assertEqual(attempts[-1], list(range(1, 100001)))
        for attempt in attempts:  # none has a row twice
            self.assertEqual(len(set(attempt)), len(attempt))
        self.assertGreater(len(attempts), 1)
        print(f'    {len(attempts)} attempts left rows; the last is whole', flush=True)


if __name__ == '__main__':
    unittest.main()
