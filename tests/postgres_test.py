"""PostgreSQL: what is written once and only once whatever is killed, what the server is told, and what goes wrong in words."""
import collections, random, threading, time, unittest

import psycopg2

from fixtures import FOLDER, scaled, server
from postgres import Postgres
from servers import wait_until
from worker import HttpError, Worker, connector

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
FAILPOINTS = ['store.before_commit', 'store.in_commit', 'store.after_commit', 'sender.after_append', 'stream.rows']


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
    def test_whatever_is_killed_nothing_is_lost_or_doubled(self):
        """Connector, server or both, at random and at failpoints. A position that the server was told too early would fail
        the task at the next start: the slot would be beyond the offset."""
        kills = scaled(200)
        s = Postgres('crash', ('synchronous_commit=on', 'fsync=off')).start()
        self.addCleanup(s.stop)
        s.script('CREATE DATABASE crashing')
        s.script(AUDITED, 'crashing')
        worker = Worker(FOLDER / 'postgres-crash').start()
        self.addCleanup(worker.kill)
        worker.create('c', connector(s, 'k', **{'database.dbname': 'crashing', 'table.include.list': 'public.t', 'publication.autocreate.mode': 'filtered',
                                                'retriable.restart.connector.wait.ms': '200', 'slot.retry.delay.ms': '2000'}))
        worker.wait_log('Streaming from slot')
        load, chance = Load(s, 'crashing', kills), random.Random(kills)
        servers_killed = by_failpoint = 0
        try:
            for i in range(kills):
                time.sleep(chance.uniform(0.05, 0.5))  # the moment of the kill is what is random here
                if i % 4 == 1:
                    worker.kill()
                    worker.start(failpoint=f'{FAILPOINTS[i // 4 % len(FAILPOINTS)]}:{chance.randrange(1, 30)}', wait=False)
                    end = time.monotonic() + 4
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
        wait_until('the worker answering', worker.answers, 20, worker.process)
        want = collections.defaultdict(list)
        noted = s.script('SELECT id, op, version FROM audit ORDER BY seq', 'crashing').split('\n')
        for row in noted:
            key, op, version = row.split('|')
            want[int(key)].append((op, int(version)))
        streamed = lambda: [e for e in worker.events('k.public.t') if e is not None and e['op'] != 'r']
        wait_until(f'all {len(noted)} changes', lambda: len(streamed()) >= len(noted), 90, worker.process)
        found = collections.defaultdict(list)
        for e in streamed():
            row = e['after'] or e['before']
            found[row['id']].append((e['op'], row['version']))
        self.assertNotIn('The task failed', worker.log())
        print(f'    {kills} kills ({by_failpoint} at failpoints, {servers_killed} of the server), {len(noted)} changes', flush=True)
        self.assertEqual(dict(found), dict(want))
        self.assertEqual(worker.stop(), 0)


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
            self.worker.create('c', {**self.config, 'database.dbname': 'no_such_database'})
        self.assertIn('no_such_database', str(refusal.exception))
        s = Postgres('minimal', ('wal_level=replica',)).start()
        self.addCleanup(s.stop)
        self.worker.create('c', {**self.config, 'database.port': str(s.port), 'database.dbname': 'postgres'})
        self.worker.wait_failed('c')
        self.assertIn('set wal_level=logical', self.worker.status('c')['tasks'][0]['trace'])


if __name__ == '__main__':
    unittest.main()
