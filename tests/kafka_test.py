"""Millrace on Kafka: the recorded cases, several workers with exactly-once through kills, and brokers that go away."""
import collections, json, pathlib, signal, threading, time, unittest

from fixtures import FOLDER, LONG, fresh_database, kafka, scaled, server
from golden import Case
from servers import wait_until
from worker import connector, payload

CASES = pathlib.Path(__file__).parent / 'golden'


class Writer(threading.Thread):
    """Inserts one numbered row after the other, round robin over some tables, so many a second."""
    def __init__(self, s, tables, per_second):
        super().__init__(daemon=True)
        self.server, self.tables, self.pause = s, tables, 1 / per_second
        self.written = collections.Counter()
        self.stopped = threading.Event()
        self.start()

    def run(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            due = time.monotonic()
            while not self.stopped.is_set():
                for table in self.tables:
                    cursor.execute(f'INSERT INTO {table} VALUES (%s, %s)', (self.written[table] + 1, 'x' * 100))
                    self.written[table] += 1
                due += self.pause * len(self.tables)
                time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self.stopped.set()
        self.join()


def ids(messages):
    return [payload(m.value().decode())['after']['id'] for m in messages if m.value() is not None]


class Golden(unittest.TestCase):
    def run_case(self, folder):
        s = server(folder.name.split('-')[0])
        worker = kafka().worker(FOLDER / f'kafka-{folder.name}', f'golden-{folder.name}').start()
        self.addCleanup(worker.kill)
        same, total, differences = Case(folder, s, worker).run(folder.name)
        print(f'    {folder.name}: {same} of {total} records are the same on Kafka', flush=True)
        self.assertEqual(differences, [])
        worker.stop()


for _case in ('mysql-tutorial', 'mariadb-tutorial', 'mysql-types', 'mariadb-types'):
    setattr(Golden, 'test_' + _case.replace('-', '_'), lambda self, f=CASES / _case: self.run_case(f))


class Group(unittest.TestCase):
    CONNECTORS = 12
    SESSION_S, HEARTBEAT_S = 6, 1

    def setUp(self):
        self.server = server('mariadb')
        fresh_database(self.server, 'grp')
        self.tables = [f'grp.t{i}' for i in range(self.CONNECTORS)]
        self.server.sql(*[f'CREATE TABLE {t} (id INT PRIMARY KEY, text VARCHAR(200))' for t in self.tables])
        self.workers = [
            kafka().worker(FOLDER / f'group-{i}', 'trio', **{
                'exactly.once.source.support': 'enabled', 'session.timeout.ms': str(self.SESSION_S * 1000), 'heartbeat.interval.ms': str(self.HEARTBEAT_S * 1000)})
            for i in range(3)]
        for worker in self.workers:
            self.addCleanup(worker.kill)
            worker.start(wait=False)
        for worker in self.workers:
            wait_until('the group', worker.is_healthy, 60, worker.process)

    def alive(self):
        return [w for w in self.workers if w.is_alive()]

    def owners(self):
        """worker id: connectors that RUN there; only if all run, each on a living worker."""
        at = self.alive()[0]
        known = {f'127.0.0.1:{w.port}' for w in self.alive()}
        owners = collections.defaultdict(set)
        for name, status in at.get('/connectors?expand=status').items():
            tasks = status.get('status', {}).get('tasks', [])
            if len(tasks) != 1 or tasks[0]['state'] != 'RUNNING' or tasks[0]['worker_id'] not in known:
                return None
            owners[tasks[0]['worker_id']].add(name)
        return owners if sum(map(len, owners.values())) == self.CONNECTORS else None

    def spread(self, timeout):
        """Waits until all run, spread evenly over the living workers; returns the owners."""
        def even():
            owners = self.owners()
            if owners is None or len(owners) != len(self.alive()):
                return None
            sizes = [len(names) for names in owners.values()]
            return owners if max(sizes) - min(sizes) <= 1 else None
        return wait_until('all connectors spread evenly', even, timeout)

    def handed_over(self, what, moved, allowed):
        began = time.monotonic()
        wait_until(f'connectors running after {what}', self.owners, 60)
        took = time.monotonic() - began
        print(f'    {what}: all connectors run again after {took:.1f} s (allowed {allowed} s); {len(moved)} moved', flush=True)
        self.assertLessEqual(took, allowed)
        self.spread(30)

    def test_three_workers_through_kills(self):
        for i in range(self.CONNECTORS):
            config = connector(self.server, f'c{i}', **{'database.include.list': 'grp', 'table.include.list': f'grp.t{i}', 'database.server.id': 5000 + i,
                                                        'schema.history.internal.store.only.captured.tables.ddl': 'true'})
            self.workers[i % 3].create(f'c{i}', config)  # any worker takes it
        self.spread(60)
        writer = Writer(self.server, self.tables, 600)
        try:
            for what in ('kill -9 of one', 'kill -9 of the leader', 'a clean stop'):
                leading = self.find_leader()
                victim = leading if 'leader' in what else next(w for w in self.workers if w is not leading)
                moved = self.owners()[f'127.0.0.1:{victim.port}']
                if 'kill' in what:
                    victim.kill()
                    self.handed_over(what, moved, self.SESSION_S + self.HEARTBEAT_S + 1)
                else:
                    stopping = time.monotonic()
                    self.assertEqual(victim.stop(), 0)
                    print(f'    the worker ended within {time.monotonic() - stopping:.1f} s', flush=True)
                    self.handed_over(what, moved, self.HEARTBEAT_S + 1)
                victim.start(wait=False)
                wait_until('the worker back', victim.is_healthy, 60, victim.process)
                self.spread(60)
        finally:
            writer.stop()
        lost = doubled = 0
        for i, table in enumerate(self.tables):
            topic = f'c{i}.{table}'
            wait_until(f'all of {table}', lambda: len(ids(kafka().messages(topic))) >= writer.written[table], 60)
            found = ids(kafka().messages(topic))
            lost += len(set(range(1, writer.written[table] + 1)) - set(found))
            doubled += len(found) - len(set(found))
            self.assertEqual(found, sorted(found))
        print(f'    {sum(writer.written.values())} changes: {lost} lost, {doubled} doubled for a read_committed consumer', flush=True)
        self.assertEqual((lost, doubled), (0, 0))

    def find_leader(self):
        """The worker that the last assignment names."""
        last = [m for m in kafka().messages('trio-configs') if m.key() == b'millrace-assignment'][-1]
        url = json.loads(last.value())['leader']['url']
        return next(w for w in self.workers if w.url == url)


if __name__ == '__main__':
    unittest.main()
