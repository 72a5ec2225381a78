"""Millrace on Kafka: the recorded cases, several workers with exactly-once through kills, and brokers that go away."""
import collections, json, pathlib, re, signal, threading, time, unittest

from fixtures import FOLDER, LONG, fresh_database, kafka, scaled, server
from golden import Case
from kafka import Debezium, Kafka
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


class KafkaGolden(unittest.TestCase):
    def run_case(self, folder):
        s = server(folder.name.split('-')[0])
        worker = kafka().worker(FOLDER / f'kafka-{folder.name}', f'golden-{folder.name}').start()
        self.addCleanup(worker.kill)
        same, total, differences = Case(folder, s, worker).run(folder.name)
        print(f'    {folder.name}: {same} of {total} records are the same on Kafka', flush=True)
        self.assertEqual(differences, [])
        worker.stop()


# What these are about does not depend on where topics are kept; with --long they run here too.
VALUES_AND_NAMES = re.compile('-(types|shaping|odd-names|defaults|toast-hex|postgis|keys-odd|ddl-more)')
for _case in sorted(folder.name for folder in CASES.iterdir() if folder.is_dir() and (LONG or not VALUES_AND_NAMES.search(folder.name))):
    setattr(KafkaGolden, 'test_' + _case.replace('-', '_'), lambda self, f=CASES / _case: self.run_case(f))


class Converters(unittest.TestCase):
    def test_strings_are_what_java_prints(self):
        """The same rows through real Kafka Connect and through Millrace, keys and values by StringConverter."""
        s = server('mariadb')
        fresh_database(s, 'strings')
        s.sql("CREATE TABLE strings.t (id INT, part VARCHAR(10), amount DECIMAL(12,3) NOT NULL DEFAULT 1.5, none INT DEFAULT 7, f FLOAT, d DOUBLE, b VARBINARY(10), flag BIT(1), "
              "e ENUM('a','b'), p POINT, PRIMARY KEY (id, part))",
              "INSERT INTO strings.t VALUES (1, 'ä\"x', 12.500, NULL, 1.1, 1e7, x'00ff', 1, 'b', POINT(1, 2.5)), (2, '', -0.001, 3, NULL, 1e-5, NULL, NULL, NULL, NULL)")
        config = {**{f'{side}.converter': 'org.apache.kafka.connect.storage.StringConverter' for side in ('key', 'value')}, 'heartbeat.interval.ms': '0'}
        found = {}
        for label, worker in (('java1', Debezium(FOLDER / 'strings-connect', **kafka().worker_settings('strings-connect'))), ('mill1', kafka().worker(FOLDER / 'strings', 'strings'))):
            self.addCleanup(worker.kill)
            worker.start()
            worker.create('s', connector(s, label, **{'database.include.list': 'strings', 'schema.history.internal.kafka.bootstrap.servers': kafka().bootstrap,
                                                       'schema.history.internal.store.only.captured.databases.ddl': 'true', **config}))
            worker.wait_running('s')
            wait_until('the rows', lambda: len(kafka().messages(f'{label}.strings.t')) == 2, 60)
            worker.stop()
            # Java prints the address of a byte[] inside a struct that is not a column
            text = lambda raw: re.sub(r'wkb=(\[B@[0-9a-f]+|[^,}]*\])', 'wkb=*', re.sub(r'(ts_[mun]s|pos)=\d+', r'\1=0', re.sub(f'(file|version|sequence)=[^,}}]*|ts_sec=\\d+', r'\1=*', raw.decode()))).replace(label, 'LABEL') if raw is not None else None
            found[label] = {topic: [(text(m.key()), text(m.value())) for m in kafka().messages(f'{label}{topic}')] for topic in ('.strings.t', '')}
        self.maxDiff = None
        self.assertIn('Struct{id=1,part=ä"x}', found['mill1']['.strings.t'][0][0])
        self.assertEqual(found['mill1']['.strings.t'], found['java1']['.strings.t'])
        own = [pair for pair in found['java1'][''] if 'strings' in pair[1]]
        self.assertEqual([pair for pair in found['mill1'][''] if 'strings' in pair[1]], own)


class Group(unittest.TestCase):
    CONNECTORS = 12
    SESSION_S, HEARTBEAT_S = 6, 1
    SLACK_S = 3  # for a machine that does other work meanwhile; what is printed is what counts

    def setUp(self):
        self.group = 'frozen' if 'frozen' in self._testMethodName else 'trio'
        self.server = server('mariadb')
        fresh_database(self.server, 'grp')
        self.tables = [f'grp.t{i}' for i in range(self.CONNECTORS)]
        self.server.sql(*[f'CREATE TABLE {t} (id INT PRIMARY KEY, text VARCHAR(200))' for t in self.tables])
        self.workers = [
            kafka().worker(FOLDER / f'group-{self.group}-{i}', self.group, **{
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
        self.assertLessEqual(took, allowed + self.SLACK_S)
        self.spread(30)

    def test_three_workers_through_kills(self):
        self.make_connectors('c')
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
        self.check_all('c', writer)

    def make_connectors(self, letter):
        self.letter = letter
        for i in range(self.CONNECTORS):
            config = connector(self.server, f'{letter}{i}', **{'database.include.list': 'grp', 'table.include.list': f'grp.t{i}', 'database.server.id': 5000 + i,
                                                               'schema.history.internal.store.only.captured.tables.ddl': 'true'})
            self.workers[i % 3].create(f'{letter}{i}', config)  # any worker takes it
        self.spread(60)

    def check_all(self, letter, writer):
        lost = doubled = 0
        for i, table in enumerate(self.tables):
            topic = f'{letter}{i}.{table}'
            wait_until(f'all of {table}', lambda: len(ids(kafka().messages(topic))) >= writer.written[table], 60)
            found = ids(kafka().messages(topic))
            lost += len(set(range(1, writer.written[table] + 1)) - set(found))
            doubled += len(found) - len(set(found))
            self.assertEqual(found, sorted(found))
        print(f'    {sum(writer.written.values())} changes: {lost} lost, {doubled} doubled for a read_committed consumer', flush=True)
        self.assertEqual((lost, doubled), (0, 0))

    def test_a_frozen_worker_wakes_up_to_stop(self):
        self.make_connectors('f')
        writer = Writer(self.server, self.tables, 600)
        try:
            frozen = next(w for w in self.workers if w is not self.find_leader())
            frozen.process.send_signal(signal.SIGSTOP)
            others = {f'127.0.0.1:{w.port}' for w in self.workers if w is not frozen}
            at = next(w for w in self.workers if w is not frozen)
            def moved():
                states = [status['status']['tasks'] for status in at.get('/connectors?expand=status').values()]
                return len(states) == self.CONNECTORS and all(t and t[0]['state'] == 'RUNNING' and t[0]['worker_id'] in others for t in states)
            wait_until('its connectors running elsewhere', moved, 60)
            before = sum(writer.written.values())
            wait_until('more changes', lambda: sum(writer.written.values()) > before + 1000, 30)
            frozen.process.send_signal(signal.SIGCONT)
            frozen.wait_log('The session with the group.s coordinator may have ended: all tasks are stopped', 20)
            self.spread(60)
        finally:
            writer.stop()
        self.check_all('f', writer)

    def find_leader(self):
        """The worker that the last assignment names."""
        last = [m for m in kafka().messages(f'{self.group}-configs') if m.key() == b'millrace-assignment'][-1]
        url = json.loads(last.value())['leader']['url']
        return next(w for w in self.workers if w.url == url)


def peak_mb(pid):
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    return int(next(l for l in status.split('\n') if l.startswith('VmHWM')).split()[1]) / 1024


class Faults(unittest.TestCase):
    """Brokers that go away: the source waits, memory stays flat, nothing is lost."""
    def setUp(self):
        self.server = server('mariadb')
        fresh_database(self.server, 'faulty')
        self.server.sql('CREATE TABLE faulty.t (id INT PRIMARY KEY, text VARCHAR(200))')
        self.broker = Kafka(FOLDER / f'broker-{self._testMethodName}').start()
        self.addCleanup(lambda: self.broker.stop(signal.SIGKILL))

    def broker_killed(self, **settings):
        worker = self.broker.worker(FOLDER / self._testMethodName, 'alone', **settings).start()
        self.addCleanup(worker.kill)
        worker.create('f', connector(self.server, 'f', **{'database.include.list': 'faulty'}))
        worker.wait_running('f')
        writer = Writer(self.server, ['faulty.t'], 500)
        try:
            for _ in range(10 if LONG else 2):
                before = writer.written['faulty.t']
                wait_until('some changes', lambda: writer.written['faulty.t'] > before + 500, 30)
                self.broker.stop(signal.SIGKILL)
                before = writer.written['faulty.t']
                wait_until('changes without a broker', lambda: writer.written['faulty.t'] > before + 500, 30)
                self.broker.start()
        finally:
            writer.stop()
        written = writer.written['faulty.t']
        found = wait_until(f'all {written} changes', lambda: (lambda got: got if len(set(got)) >= written else None)(ids(self.broker.messages('f.faulty.t'))), 60)
        lost = written - len(set(found) & set(range(1, written + 1)))
        doubled = len(found) - len(set(found))
        rss = peak_mb(worker.process.pid)
        print(f'    {written} changes: {lost} lost, {doubled} doubled, peak RSS {rss:.0f} MB', flush=True)
        self.assertEqual(lost, 0)
        self.assertLess(rss, 150)
        latency = lambda: worker.get('/connectors/f/metrics')['commit_to_topic_seconds']
        wait_until('every change in the latency', lambda: latency()['count'] >= written, 20)
        slow = {bound: count for bound, count in latency()['buckets'].items() if bound == '+Inf' or float(bound) > 1}
        self.assertTrue(slow, 'changes that waited for the broker are the slow ones')
        worker.stop()
        return found, doubled

    def test_broker_killed_under_load(self):
        found, _ = self.broker_killed()
        first = list(dict.fromkeys(found))
        self.assertEqual(first, sorted(first))  # whatever is doubled, the order of first appearance is the commit order

    def test_broker_killed_under_load_with_exactly_once(self):
        found, doubled = self.broker_killed(**{'exactly.once.source.support': 'enabled'})
        self.assertEqual(doubled, 0)
        self.assertEqual(found, sorted(found))

    def test_a_stall_is_seen_in_the_status(self):
        worker = self.broker.worker(FOLDER / 'stalled', 'stalled').start()
        self.addCleanup(worker.kill)
        worker.create('s', connector(self.server, 's', **{'database.include.list': 'faulty'}))
        worker.wait_running('s')
        self.server.sql("INSERT INTO faulty.t VALUES (1, 'x')")
        wait_until('the first row', lambda: ids(self.broker.messages('s.faulty.t')) == [1], 30)
        self.broker.stop(signal.SIGKILL)
        self.server.sql("INSERT INTO faulty.t VALUES (2, 'x')")
        trace = wait_until('the stall in the status', lambda: worker.status('s')['tasks'][0].get('trace'), 60)
        self.assertRegex(trace, r'Kafka acknowledges no records: .*\(since 20')
        self.broker.start()
        wait_until('the stall over', lambda: 'trace' not in worker.status('s')['tasks'][0], 60)
        wait_until('the second row', lambda: set(ids(self.broker.messages('s.faulty.t'))) == {1, 2}, 30)

    def test_topics_that_cannot_be_had_are_listed_before_the_snapshot(self):
        self.broker.stop()
        self.broker.settings['auto.create.topics.enable'] = 'false'
        self.broker.start()
        worker = self.broker.worker(FOLDER / 'untopical', 'untopical').start()
        self.addCleanup(worker.kill)
        self.server.sql("CREATE TABLE faulty.u (id INT PRIMARY KEY)", 'INSERT INTO faulty.u VALUES (1)')
        config = connector(self.server, 'u', **{'database.include.list': 'faulty'})
        worker.create('u', config)
        trace = worker.wait_failed('u')
        for topic in ('u:', 'u.faulty.t:', 'u.faulty.u:'):
            self.assertIn(f'\n  {topic} it does not exist, and nobody creates it', trace)
        self.assertIn('topic.creation.default.replication.factor', trace)
        groups = {'topic.creation.default.partitions': '2', 'topic.creation.default.replication.factor': '1', 'topic.creation.groups': 'packed',
                  'topic.creation.packed.include': r'u\.faulty\..*', 'topic.creation.packed.partitions': '3', 'topic.creation.packed.cleanup.policy': 'compact'}
        worker.request('PUT', '/connectors/u/config', {**config, **groups})
        wait_until('the row', lambda: len(self.broker.messages('u.faulty.u')) == 1, 60)
        topics = self.broker.topics()
        self.assertEqual({t: len(topics[t].partitions) for t in ('u', 'u.faulty.u')}, {'u': 2, 'u.faulty.u': 3})

    def test_the_doctor_finds_and_mends(self):
        from confluent_kafka.admin import AdminClient, NewTopic
        admin = AdminClient({'bootstrap.servers': self.broker.bootstrap})
        for f in admin.create_topics([NewTopic('ill-configs', 1, 1)]).values():
            f.result()
        worker = self.broker.worker(FOLDER / 'ill', 'ill')
        (worker.folder / 'worker.properties').write_text(''.join(f'{k}={v}\n' for k, v in worker.settings.items()))
        self.server.sql("CREATE USER IF NOT EXISTS weak@'%' IDENTIFIED BY 'w'", "CREATE USER IF NOT EXISTS weak@localhost IDENTIFIED BY 'w'")
        config = connector(self.server, 'ill', **{'table.include.list': 'faulty.nothing', 'database.user': 'weak', 'database.password': 'w', 'database.server.id': '223344'})
        (worker.folder / 'c.json').write_text(json.dumps({'name': 'c', 'config': config}))
        files = [str(worker.folder / 'worker.properties'), str(worker.folder / 'c.json')]

        def problems(*flags):
            r = worker.cli('doctor', '--json', *flags, *files, check=False)
            found = json.loads(r.stdout)
            self.assertEqual(r.returncode, 1 if any(f['level'] == 'problem' for f in found) else 0)
            return {f['what']: f for f in found if f['level'] != 'ok'}
        before = problems()
        policy = next(f for what, f in before.items() if "found the topic currently has 'cleanup.policy=delete'" in what)
        self.assertIn('kafka-configs.sh', policy['mend'])
        lacks = next(f for what, f in before.items() if what.startswith('the user weak lacks'))
        self.assertIn("GRANT SELECT, RELOAD", lacks['mend'])
        self.assertIn("database.server.id=223344 is the server's own id", before)
        self.assertTrue([what for what in before if 'matches no table' in what], before)
        after = problems('--fix')
        self.assertFalse([what for what in after if 'cleanup.policy' in what])
        worker.start()
        worker.stop()

    def test_internal_topics_that_cannot_serve_are_refused(self):
        from confluent_kafka.admin import AdminClient, NewTopic
        admin = AdminClient({'bootstrap.servers': self.broker.bootstrap})
        for f in admin.create_topics([NewTopic('bad-configs', 1, 1)]).values():
            f.result()
        for f in admin.create_topics([NewTopic('wide-configs', 3, 1, config={'cleanup.policy': 'compact'})]).values():
            f.result()
        for group, words in (('bad', "required to have 'cleanup.policy=compact' to guarantee consistency and durability of connector configurations, but found the topic "
                                     "currently has 'cleanup.policy=delete'"), ('wide', 'required to have a single partition in order to guarantee consistency of connector configurations, but found 3 partitions')):
            worker = self.broker.worker(FOLDER / f'{group}-topics', group)
            self.addCleanup(worker.kill)
            worker.start(wait=False)
            self.assertEqual(worker.process.wait(60), 2)
            self.assertIn(words, worker.log())


if __name__ == '__main__':
    unittest.main()
