"""PostgreSQL: what is written once and only once whatever is killed, what the server is told, and what goes wrong in words."""
import collections, random, subprocess, threading, time, unittest

import psycopg2

from fixtures import FOLDER, LONG, kafka, scaled, server
from postgres import Postgres
from servers import wait_until
from worker import HttpError, Worker, connector, payload

AUDITED = '''
CREATE TABLE t (id int PRIMARY KEY, version bigint NOT NULL);
ALTER TABLE t REPLICA IDENTITY FULL;
CREATE TABLE audit (seq bigserial PRIMARY KEY, id int, op text, version bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO audit (id, op, version) VALUES (coalesce(NEW.id, OLD.id), CASE TG_OP WHEN 'INSERT' THEN 'c' WHEN 'UPDATE' THEN 'u' ELSE 'd' END,
    CASE TG_OP WHEN 'DELETE' THEN OLD.version ELSE NEW.version END);
  RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION note();
'''
STORE_FAILPOINTS = ['store.before_commit', 'store.in_commit', 'store.after_commit', 'sender.after_append', 'stream.rows']
KAFKA_FAILPOINTS = ['sender.after_append', 'stream.rows', 'kafka.before_commit', 'kafka.after_commit']


class Load(threading.Thread):
    """Random changes in transactions of random size; a trigger notes what was committed. A server that is away is waited for."""
    def __init__(self, s, database, seed):
        super().__init__(daemon=True)
        self.server, self.database, self.random, self.stopped = s, database, random.Random(seed), threading.Event()
        self.start()

    def run(self):
        version = 0
        while not self.stopped.is_set():
            try:
                connection = psycopg2.connect(host='127.0.0.1', port=self.server.port, user='postgres', dbname=self.database)
                cursor = connection.cursor()
                while not self.stopped.is_set():
                    for _ in range(self.random.choice([1, 1, 2, 5, 40])):
                        version += 1
                        key = self.random.randrange(300)
                        kind = self.random.random()
                        if kind < 0.2:
                            cursor.execute('DELETE FROM t WHERE id = %s', (key,))
                        elif kind < 0.3:  # several changes at one place in the log
                            cursor.execute('INSERT INTO t SELECT i, %s FROM generate_series(%s, %s) i ON CONFLICT DO NOTHING', (version, key, key + 5))
                        else:
                            cursor.execute('INSERT INTO t VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET version = excluded.version', (key, version))
                    if self.random.random() < 0.05:
                        connection.rollback()
                    else:
                        connection.commit()
                    time.sleep(0.004)
            except psycopg2.Error:
                time.sleep(0.05)

    def stop(self):
        self.stopped.set()
        self.join()


class PostgresCrash(unittest.TestCase):
    """Connector, server or both, at random and at failpoints. A position that the server was told too early would fail the task at the
    next start: the slot would be beyond the offset."""
    maxDiff = None

    def kill_under_load(self, worker, kills, failpoints, pause_s, changes):
        """`pause_s`: how long the worker is left to work at most; `changes`: gives the topic's events."""
        s = Postgres('crash', ('synchronous_commit=on', 'fsync=off')).start()
        self.addCleanup(s.stop)
        s.script('CREATE DATABASE crashing')
        s.script(AUDITED, 'crashing')
        self.addCleanup(worker.kill)
        worker.start()
        worker.create('c', connector(s, 'k', **{'database.dbname': 'crashing', 'table.include.list': 'public.t', 'publication.autocreate.mode': 'filtered',
                                                'retriable.restart.connector.wait.ms': '200', 'slot.retry.delay.ms': '2000'}))
        worker.wait_log('Streaming from slot')
        load, chance = Load(s, 'crashing', kills), random.Random(kills)
        servers_killed = by_failpoint = 0
        try:
            for i in range(kills):
                time.sleep(chance.uniform(0.05, pause_s))  # the moment of the kill is what is random here
                if i % 4 == 1:
                    worker.kill()
                    worker.start(failpoint=f'{failpoints[i // 4 % len(failpoints)]}:{chance.randrange(1, 30)}', wait=False)
                    end = time.monotonic() + 4 + pause_s
                    while worker.is_alive() and time.monotonic() < end:
                        time.sleep(0.01)
                    by_failpoint += not worker.is_alive()
                if i % 4 >= 2:
                    servers_killed += 1
                    s.kill()
                if i % 4 != 2:
                    worker.kill()
                if i % 4 >= 2:
                    s.start()
                if not worker.is_alive():
                    worker.start(wait=False)
        finally:
            load.stop()
        wait_until('the worker answering', worker.answers, 30, worker.process)
        want = collections.defaultdict(list)
        noted = s.script('SELECT id, op, version FROM audit ORDER BY seq', 'crashing').split('\n')
        for row in noted:
            key, op, version = row.split('|')
            want[int(key)].append((op, int(version)))
        streamed = lambda: [e for e in changes() if e is not None and e['op'] != 'r']
        wait_until(f'all {len(noted)} changes', lambda: len(streamed()) >= len(noted), 120, worker.process)
        found = collections.defaultdict(list)
        for e in streamed():
            row = e['after'] or e['before']
            found[row['id']].append((e['op'], row['version']))
        self.assertNotIn('The task failed', worker.log())
        lost = sum(1 for key, ops in want.items() for op in ops if op not in found[key])
        doubled = sum(n - 1 for ops in found.values() for n in collections.Counter(ops).values() if n > 1)
        print(f'    {kills} kills ({by_failpoint} at failpoints, {servers_killed} of the server), {len(noted)} changes: {lost} lost, {doubled} doubled', flush=True)
        self.assertEqual((lost, doubled), (0, 0))
        self.assertEqual([(key, want.get(key), found.get(key)) for key in {*want, *found} if want.get(key) != found.get(key)][:2], [])
        self.assertEqual(worker.stop(), 0)

    def test_whatever_is_killed_nothing_is_lost_or_doubled(self):
        worker = Worker(FOLDER / 'postgres-crash')
        self.kill_under_load(worker, scaled(200), STORE_FAILPOINTS, 0.5, lambda: worker.events('k.public.t'))

    def test_nor_on_kafka_with_exactly_once(self):
        """A worker that was killed is let into its group again when its session has ended."""
        broker = kafka()
        worker = broker.worker(FOLDER / 'postgres-crash-kafka', 'postgres-crash',
                               **{'exactly.once.source.support': 'enabled', 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '500'})
        self.kill_under_load(worker, 200 if LONG else 8, KAFKA_FAILPOINTS, 8,
                             lambda: [None if m.value() is None else payload(m.value().decode()) for m in broker.messages('k.public.t')])


class PostgresSlot(unittest.TestCase):
    def begin(self, name, s=None, **settings):
        self.server = s or server('postgres')
        self.server.fresh_database(name, name)
        self.server.script('CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, \'one\')', name)
        self.worker = Worker(FOLDER / f'postgres-{name}').start()
        self.addCleanup(self.worker.kill)
        self.config = connector(self.server, name, **{'database.dbname': name, 'slot.name': name, **settings})

    def stop_connector(self):
        self.worker.request('PUT', '/connectors/c/stop')
        wait_until('slot free', lambda: not self.server.is_streaming(self.config['slot.name']), 30, self.worker.process)

    def test_a_slot_that_is_gone_stops_the_task_with_the_way_out(self):
        self.begin('gone')
        self.worker.create('c', self.config)
        self.worker.wait_records('gone.public.t', 1)
        wait_until('streaming', lambda: self.server.is_streaming('gone'), 30)
        self.stop_connector()
        self.server.script("SELECT pg_drop_replication_slot('gone'); INSERT INTO t VALUES (2, 'lost')", 'gone')
        self.worker.request('PUT', '/connectors/c/resume')
        self.worker.wait_failed('c')
        trace = self.worker.status('c')['tasks'][0]['trace']
        self.assertIn('the replication slot gone is gone', trace)
        self.assertIn('snapshot.mode=when_needed', trace)
        self.worker.request('PUT', '/connectors/c/config', {**self.config, 'snapshot.mode': 'when_needed'})
        self.worker.wait_records('gone.public.t', 3)
        self.assertEqual([e['op'] for e in self.worker.events('gone.public.t')], ['r', 'r', 'r'])

    def test_an_idle_database_does_not_hold_the_log_of_a_busy_server(self):
        self.begin('idle')
        self.server.fresh_database('busy', 'busy')
        self.worker.create('c', self.config)
        wait_until('streaming', lambda: self.server.is_streaming('idle'), 30)
        self.server.script('CREATE TABLE x AS SELECT i FROM generate_series(1, 100000) i', 'busy')
        place = self.server.value('SELECT pg_current_wal_lsn()')
        wait_until('the slot beyond it', lambda: self.server.value(f"SELECT confirmed_flush_lsn >= '{place}' FROM pg_replication_slots WHERE slot_name = 'idle'") == 't', 60)

    def test_a_server_that_stops_is_not_kept_waiting_and_streaming_goes_on(self):
        s = Postgres('restart').start()
        self.addCleanup(s.stop)
        self.begin('restarted', s, **{'retriable.restart.connector.wait.ms': '200'})
        self.worker.create('c', self.config)
        wait_until('streaming', lambda: s.is_streaming('restarted'), 30)
        s.script("INSERT INTO t VALUES (2, 'before')", 'restarted')
        self.worker.wait_records('restarted.public.t', 2)
        began = time.monotonic()
        s.stop(keep=True)
        self.assertLess(time.monotonic() - began, 20)
        s.start()
        s.script("INSERT INTO t VALUES (3, 'after')", 'restarted')
        self.worker.wait_records('restarted.public.t', 3)
        self.assertEqual([e['after']['id'] for e in self.worker.events('restarted.public.t')], [1, 2, 3])

    def test_a_slot_that_another_holds_is_waited_for(self):
        """As by a process of ours that died, until the server notices."""
        self.begin('held', **{'slot.retry.delay.ms': '60000'})
        self.server.script("SELECT pg_create_logical_replication_slot('held', 'pgoutput'); CREATE PUBLICATION dbz_publication FOR ALL TABLES", 'held')
        holder = subprocess.Popen([str(self.server.bin / 'pg_recvlogical'), '-h', '127.0.0.1', '-p', str(self.server.port), '-U', 'postgres', '-d', 'held', '--slot=held', '--start', '-f', '/dev/null',
                                   '-o', 'proto_version=1', '-o', 'publication_names=dbz_publication'])
        self.addCleanup(holder.kill)
        wait_until('the slot held', lambda: self.server.is_streaming('held'), 30)
        self.worker.create('c', self.config)
        self.worker.wait_log('The slot held is not free yet: .*is active for PID')
        self.server.script("INSERT INTO t VALUES (2, 'two')", 'held')
        holder.kill()
        holder.wait()
        self.worker.wait_records('held.public.t', 2)

    def test_a_slot_that_is_about_to_be_lost_is_warned_of_and_its_loss_told(self):
        s = Postgres('lost', ('max_slot_wal_keep_size=48MB', 'min_wal_size=32MB', 'max_wal_size=32MB')).start()
        self.addCleanup(s.stop)
        self.begin('lost', s, **{'lsn.flush.mode': 'manual', 'log.headroom.interval.ms': '100', 'retriable.restart.connector.wait.ms': '200'})
        self.worker.create('c', self.config)
        wait_until('streaming', lambda: s.is_streaming('lost'), 30)
        kept = lambda: self.worker.get('/connectors/c/metrics')['log']
        wait_until('the figures', lambda: kept()['headroom_bytes'] > 0, 30)
        self.assertGreaterEqual(kept()['kept_bytes'], 0)
        for i in range(200):
            s.script("INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(%d, %d) g; DELETE FROM t WHERE id > 1" % (2, 2000), 'lost')
            if 'will give up the replication slot lost' in self.worker.log():
                break
        self.worker.wait_log('The server will give up the replication slot lost .*: it keeps [0-9]+ bytes of log for it.*max_slot_wal_keep_size')
        self.stop_connector()
        def is_lost():
            s.script("INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(2, 4000) g; DELETE FROM t WHERE id > 1; SELECT pg_switch_wal(); CHECKPOINT", 'lost')
            return s.value("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'lost'") == 'lost'
        wait_until('the slot lost', is_lost, 60)
        self.worker.request('PUT', '/connectors/c/resume')
        trace = self.worker.wait_failed('c')
        self.assertIn('the server has given up the replication slot lost', trace)
        self.assertIn('snapshot.mode=when_needed', trace)
        before = self.worker.topics()['lost.public.t']
        self.worker.request('PUT', '/connectors/c/config', {**self.config, 'snapshot.mode': 'when_needed', 'lsn.flush.mode': 'connector'})
        self.worker.wait_records('lost.public.t', before + 1)
        self.assertEqual(self.worker.events('lost.public.t')[-1]['op'], 'r')

    def test_a_connection_that_is_cut_is_made_again(self):
        self.begin('cut', **{'retriable.restart.connector.wait.ms': '200'})
        self.worker.create('c', self.config)
        for i in range(3):
            wait_until('streaming', lambda: self.server.is_streaming('cut'), 30)
            self.server.script(f"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'cut'; INSERT INTO t VALUES ({i + 2}, 'x')", 'cut')
            self.worker.wait_records('cut.public.t', i + 2)
        self.assertEqual([e['after']['id'] for e in self.worker.events('cut.public.t')], [1, 2, 3, 4])

    def test_a_server_that_ends_silent_streams_hears_of_us(self):
        """Streaming at rest, and while a blocking snapshot takes longer than the server waits."""
        s = Postgres('silent', ('wal_sender_timeout=1s',)).start()
        self.addCleanup(s.stop)
        self.begin('silent', s, **{'snapshot.max.rows.per.second': '3000', 'signal.data.collection': 'public.signals'})
        s.script("CREATE TABLE signals (id varchar(42) PRIMARY KEY, type varchar(32), data varchar(2048)); INSERT INTO t SELECT g, 'x' FROM generate_series(2, 9000) g", 'silent')
        self.worker.create('c', self.config)
        wait_until('streaming', lambda: s.is_streaming('silent'), 30)
        s.script("INSERT INTO signals VALUES ('s', 'execute-snapshot', '{\"data-collections\": [\"public.t\"], \"type\": \"blocking\"}')", 'silent')
        self.worker.wait_records('silent.public.t', 18_000)
        s.script("INSERT INTO t VALUES (0, 'zero')", 'silent')
        self.worker.wait_records('silent.public.t', 18_001)
        self.assertNotIn('terminating walsender process due to replication timeout', (s.folder / 'server.log').read_text())

    def test_what_the_user_may_not_is_told_with_the_grant(self):
        self.begin('rights')
        self.server.script('DROP ROLE IF EXISTS capturer; CREATE ROLE capturer LOGIN; CREATE SCHEMA s; CREATE TABLE s.u (id int PRIMARY KEY)', 'rights')
        as_capturer = {**self.config, 'database.user': 'capturer'}
        def cause(name, **more):
            self.worker.create(name, {**as_capturer, 'topic.prefix': name, **more})
            trace = self.worker.wait_failed(name)
            self.worker.request('DELETE', f'/connectors/{name}')
            return trace
        self.assertIn('ALTER ROLE "capturer" REPLICATION', cause('r1'))
        self.server.script('ALTER ROLE capturer REPLICATION', 'rights')
        self.assertIn('set publication.autocreate.mode=disabled', cause('r2'))
        self.server.script('CREATE PUBLICATION dbz_publication FOR ALL TABLES', 'rights')
        trace = cause('r3')
        self.assertIn('GRANT USAGE ON SCHEMA "s" TO "capturer"; GRANT SELECT ON "public"."t", "s"."u" TO "capturer"', trace)
        self.assertEqual(self.server.value("SELECT count(*) FROM pg_replication_slots WHERE database = 'rights'"), '0')
        self.server.script('GRANT USAGE ON SCHEMA "s" TO "capturer"; GRANT SELECT ON "public"."t", "s"."u" TO "capturer"', 'rights')
        self.worker.create('r4', {**as_capturer, 'topic.prefix': 'r4'})
        self.worker.wait_records('r4.public.t', 1)

    def test_a_captured_table_that_is_not_published_is_told(self):
        self.begin('unpublished', **{'publication.autocreate.mode': 'disabled'})
        self.server.script('CREATE TABLE left_out (id int PRIMARY KEY); CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE parts_1 PARTITION OF parts '
                           'FOR VALUES FROM (0) TO (9); CREATE PUBLICATION dbz_publication FOR TABLE t, parts', 'unpublished')
        self.worker.create('c', self.config)
        self.worker.wait_log('leaves out captured tables; no change of them will come: "public"."left_out". Add them')

    def test_metrics_have_debeziums_names(self):
        self.begin('figures')
        self.worker.create('c', self.config)
        self.worker.wait_log('Streaming from slot')
        self.server.script("INSERT INTO t VALUES (2, 'two')", 'figures')
        self.worker.wait_records('figures.public.t', 2)
        text = self.worker.request('GET', '/metrics')[1].decode()
        self.assertIn('debezium_metrics_TotalNumberOfCreateEventsSeen{plugin="postgres",name="figures",context="streaming"} 1', text)
        self.assertIn('debezium_metrics_RowsScanned{plugin="postgres",name="figures",context="snapshot",table="public.t"} 1', text)
        self.assertNotRegex(text, 'plugin="postgres".*schema-history|debezium_metrics_Binlog.*plugin="postgres"')
        figures = self.worker.get('/connectors/c/metrics')
        self.assertEqual(set(figures['streaming']['SourceEventPosition']), {'lsn'})
        event = self.worker.events('figures.public.t')[1]
        self.assertEqual(figures['streaming']['LastTransactionId'], str(event['source']['txId']))
        wait_until('the slot watched', lambda: self.worker.get('/connectors/c/metrics')['log']['kept_bytes'] >= 0, 30)

    def test_signals_are_answered(self):
        self.begin('signalled', **{'signal.data.collection': 'public.signals'})
        self.server.script('CREATE TABLE signals (id varchar(42) PRIMARY KEY, type varchar(32), data varchar(2048))', 'signalled')
        self.worker.create('c', self.config)
        wait_until('streaming', lambda: self.server.is_streaming('signalled'), 30)
        self.worker.wait_records('signalled.public.t', 1)
        self.server.script("INSERT INTO signals VALUES ('s0', 'no-such-signal', '{}'), ('s', 'execute-snapshot', '{\"data-collections\": [\"public.t\"], \"type\": \"blocking\"}')", 'signalled')
        self.worker.wait_log("'s0' has been received but the type 'no-such-signal' is not recognized")
        self.worker.wait_records('signalled.public.t', 2)
        self.server.script("INSERT INTO t VALUES (2, 'two')", 'signalled')
        self.worker.wait_records('signalled.public.t', 3)
        self.assertEqual([(e['op'], e['after']['id']) for e in self.worker.events('signalled.public.t')], [('r', 1), ('r', 1), ('c', 2)])

    def test_what_cannot_be_is_refused_in_words(self):
        self.begin('refused')
        with self.assertRaises(HttpError) as refusal:
            self.worker.create('c', {**self.config, 'plugin.name': 'decoderbufs'})
        self.assertIn('make a second connector with plugin.name=pgoutput', str(refusal.exception))
        with self.assertRaises(HttpError) as refusal:
            self.worker.create('c', {**self.config, 'snapshot.mode': 'exported'})
        self.assertIn('exported is how every snapshot is read now; use initial', str(refusal.exception))
        with self.assertRaises(HttpError) as refusal:
            self.worker.create('c', {**self.config, 'database.dbname': 'no_such_database'})
        self.assertIn('no_such_database', str(refusal.exception))
        s = Postgres('minimal', ('wal_level=replica',)).start()
        self.addCleanup(s.stop)
        self.worker.create('c', {**self.config, 'database.port': str(s.port), 'database.dbname': 'postgres'})
        self.worker.wait_failed('c')
        self.assertIn('set wal_level=logical', self.worker.status('c')['tasks'][0]['trace'])


if __name__ == '__main__':
    unittest.main()
