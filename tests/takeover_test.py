"""Taking over from Kafka Connect with Debezium in place, on its own topics, and going back to it, at random moments
under load: nothing lost, each key's changes in order."""
import collections, contextlib, json, random, signal, threading, time, unittest

import psycopg2

from fixtures import FOLDER, LONG, fresh_database, kafka, server
from kafka import Debezium
from postgres import Postgres
from servers import Server, wait_until
from worker import Worker, connector, payload


class BinlogSide:
    """The table t, on MySQL or MariaDB."""
    upsert = ' ON DUPLICATE KEY UPDATE version = VALUES(version)'
    streams = 'Connected to binlog|Keepalive thread is running'

    def __init__(self, kind):
        # Debezium fails over tables that other tests leave on the shared server
        self.server = Server(kind, FOLDER / f'takeover-server-{kind}').start()
        fresh_database(self.server, 'moved')
        self.server.sql('CREATE TABLE moved.t (id INT PRIMARY KEY, version BIGINT NOT NULL)', 'CREATE TABLE moved.other (id INT PRIMARY KEY)')

    def connect(self):
        connection = self.server.connect()
        connection.cursor().execute('USE moved')
        return connection

    def config(self, prefix, broker):
        return connector(self.server, prefix, **{'database.include.list': 'moved', 'schema.history.internal.kafka.bootstrap.servers': broker.bootstrap,
                                                 'schema.history.internal.store.only.captured.databases.ddl': 'true'})

    def alter(self, number):
        self.server.sql(f'ALTER TABLE moved.t ADD COLUMN c{number} INT DEFAULT {number}')

    topic = 'moved.t'


class PostgresSide:
    upsert = ' ON CONFLICT (id) DO UPDATE SET version = excluded.version'
    streams = 'Processing messages'
    topic = 'public.t'

    def __init__(self, kind):
        self.server = Postgres('takeover').start()
        self.server.script('CREATE DATABASE moved')
        self.server.script('CREATE TABLE t (id int PRIMARY KEY, version bigint NOT NULL); ALTER TABLE t REPLICA IDENTITY FULL; CREATE TABLE other (id int PRIMARY KEY)', 'moved')

    def connect(self):
        connection = psycopg2.connect(host='127.0.0.1', port=self.server.port, user='postgres', dbname='moved')
        connection.autocommit = True
        return connection

    def config(self, prefix, broker):
        return connector(self.server, prefix, **{'database.dbname': 'moved', 'database.password': 'unused', 'slot.name': 'moved', 'slot.retry.delay.ms': '2000'})

    def alter(self, number):
        self.server.script(f'ALTER TABLE t ADD COLUMN c{number} int DEFAULT {number}', 'moved')


class Load(threading.Thread):
    """Transactions of inserts, updates and deletes; every row carries the number of its change."""
    def __init__(self, side, per_second, seed):
        super().__init__(daemon=True)
        self.side, self.per_second, self.random = side, per_second, random.Random(seed)
        self.history = collections.defaultdict(list)  # key: version numbers, in commit order; a delete is -version
        self.changes, self.stopped = 0, threading.Event()
        self.start()

    def run(self):
        alive, version = {}, 0
        with contextlib.closing(self.side.connect()) as connection, connection.cursor() as cursor:
            due = time.monotonic()
            while not self.stopped.is_set():
                rows, gone = {}, []
                for _ in range(self.random.choice([1, 5, 20, 60])):
                    version += 1
                    rows[self.random.randrange(2000)] = version
                if alive and self.random.random() < 0.3:
                    gone = self.random.sample(sorted(set(alive) - set(rows)), min(3, len(set(alive) - set(rows))))
                cursor.execute('BEGIN')
                cursor.execute('INSERT INTO t (id, version) VALUES ' + ','.join(f'({k},{v})' for k, v in rows.items()) + self.side.upsert)
                if gone:
                    cursor.execute(f'DELETE FROM t WHERE id IN ({",".join(map(str, gone))})')
                cursor.execute('COMMIT')
                for k, v in rows.items():
                    self.history[k].append(v)
                    alive[k] = v
                for k in gone:
                    self.history[k].append(-alive.pop(k))
                self.changes += len(rows) + len(gone)
                due += (len(rows) + len(gone)) / self.per_second
                time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self.stopped.set()
        self.join()


def problems(history, found):
    """(lost, out of order): what a topic's changes per key leave out, and where one comes before its predecessor."""
    lost = disordered = 0
    for key, versions in history.items():
        first_seen = list(dict.fromkeys(found.get(key, [])))
        lost += len(set(versions) - set(first_seen))
        disordered += first_seen != [v for v in versions if v in set(first_seen)]
    return lost, disordered


def start_as_a_supervisor_does(worker):
    """Kafka Connect ends when the group still holds a killed member of another kind: it is started again until that
    member's session has ended."""
    for attempt in range(20):
        before = worker.log_path.stat().st_size if worker.log_path.exists() else 0
        worker.start(wait=False)
        def settled():
            refused = 'InconsistentGroupProtocolException' in worker.log_path.read_text(errors='replace')[before:]
            return 'refused' if refused else worker.is_healthy() and 'healthy'
        if wait_until(f'{worker.folder.name} in the group', settled, 120, worker.process) == 'healthy':
            return
        worker.kill()
    raise AssertionError(f'{worker.folder.name} was not let into the group')


class TakeOver(unittest.TestCase):
    def run_rounds(self, kind, rounds, broker=None):
        broker = broker or kafka()
        side = (PostgresSide if kind == 'postgres' else BinlogSide)(kind)
        self.addCleanup(side.server.stop)
        group = f'take-{kind}'
        settings = broker.worker_settings(group)
        debezium = Debezium(FOLDER / f'takeover-{kind}-debezium', **settings)
        millrace = broker.worker(FOLDER / f'takeover-{kind}', group)
        self.addCleanup(debezium.kill)
        self.addCleanup(millrace.kill)
        debezium.start()
        config = side.config(group, broker)
        debezium.create('m', config)
        debezium.wait_running('m')
        debezium.wait_log(side.streams)
        load = Load(side, 2000, seed=rounds)
        chance = random.Random(rounds)
        try:
            for i in range(rounds):
                time.sleep(chance.uniform(1, 4))  # the moment is what is random here
                now, then = (debezium, millrace) if i % 2 == 0 else (millrace, debezium)
                if chance.random() < 0.5:
                    now.stop()
                else:
                    now.kill()  # the group waits for its session to end before it takes members of the other kind
                if i % 5 == 3:
                    side.alter(i)
                start_as_a_supervisor_does(then)
                then.wait_running('m', 90)
        finally:
            load.stop()
        topic = f'{group}.{side.topic}'
        def found():
            versions = collections.defaultdict(list)
            for m in broker.messages(topic):
                if m.value() is not None:
                    event = payload(m.value().decode())
                    row = event['after'] or event['before']
                    versions[row['id']].append(-row['version'] if event['op'] == 'd' else row['version'])
            return versions
        last = max(load.history, key=lambda k: abs(load.history[k][-1]))
        wait_until('the last change', lambda: load.history[last][-1] in found().get(last, []), 120)
        versions = found()
        lost, disordered = problems(load.history, versions)
        doubled = sum(len(v) for v in versions.values()) - sum(len(set(v)) for v in versions.values())
        print(f'    {kind}: {rounds} take-overs, {load.changes} changes: {lost} lost, {disordered} keys out of order, {doubled} written again', flush=True)
        self.assertEqual((lost, disordered), (0, 0))

    def test_mysql(self):
        self.run_rounds('mysql', 20 if LONG else 2)

    def test_mariadb(self):
        self.run_rounds('mariadb', 20 if LONG else 2)

    def test_postgres(self):
        self.run_rounds('postgres', 20 if LONG else 3)


class OlderOffsets(unittest.TestCase):
    def test_an_unfinished_snapshot_of_an_older_version_starts_over(self):
        """Debezium wrote "snapshot":true before it wrote "snapshot":"INITIAL"."""
        s = server('mariadb')
        fresh_database(s, 'older')
        s.sql('CREATE TABLE older.t (id INT PRIMARY KEY)', 'INSERT INTO older.t VALUES (1), (2)')
        file, position = s.sql('SHOW MASTER STATUS')[0][:2]
        for form in (True, 'true', 'INITIAL'):
            name = f'o{str(form).lower()}'
            worker = Worker(FOLDER / f'older-{name}').start()
            self.addCleanup(worker.kill)
            worker.cli('topics', 'put', 'connect-offsets', f'["{name}",{{"server":"{name}"}}]',
                       json.dumps({'ts_sec': 1, 'file': file, 'pos': position, 'snapshot': form}), '--at', worker.url)
            worker.create(name, connector(s, name, **{'database.include.list': 'older'}))
            worker.wait_log('The previous snapshot was not completed; it starts over')
            worker.wait_records(f'{name}.older.t', 2)
            worker.stop()


if __name__ == '__main__':
    unittest.main()
