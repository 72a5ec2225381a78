#!/usr/bin/python3
"""The tutorial's story on the terminal: a private database, a worker without Kafka, a snapshot, changes as they
arrive, a kill -9 in the middle, and the proof that nothing was lost or doubled.

  ./dev demo [--mysql | --postgres] [--once]
"""
import argparse, contextlib, json, pathlib, re, shutil, signal, subprocess, sys, threading, time

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
from postgres import Postgres
from servers import BUILD, Server, wait_until
from worker import Worker, connector, payload

BOLD, DIM, END = ('\033[1m', '\033[2m', '\033[0m') if sys.stdout.isatty() else ('', '', '')


def step(text):
    print(f'\n{BOLD}▶ {text}{END}', flush=True)


def show(text):
    print(f'  {text}', flush=True)


def describe(record):
    """A record in a line: operation, key and what changed."""
    key, value = payload(record['k']), payload(record['v'])
    if value is None:
        return f'tombstone  key {json.dumps(key)}'
    names = {'c': 'insert', 'u': 'update', 'd': 'delete', 'r': 'read'}
    if value['op'] == 'u':
        changed = {n: (value['before'][n], v) for n, v in value['after'].items() if value['before'][n] != v}
        what = ', '.join(f'{n}: {json.dumps(a)} → {json.dumps(b)}' for n, (a, b) in changed.items())
    else:
        what = json.dumps(value['after'] or value['before'])
    source = value['source']
    place = f'{source["file"]}:{source["pos"]}' if 'pos' in source else f'{source["lsn"] >> 32:X}/{source["lsn"] & 0xFFFFFFFF:X}'
    return f'{names[value["op"]]:<9}  key {json.dumps(key)}  {what}  {DIM}(at {place}){END}'


class BinlogStory:
    """What MySQL and MariaDB call things."""
    counts, streaming = (6, 36), 'Connected to'
    snapshot = (r'(Snapshot step \d - .*?)   \[', r'(Finished exporting .*?)   \[', r'(The view was opened .*?)   \[', r'(Snapshot completed: .*?)   \[')
    settings = {'database.include.list': 'inventory', 'schema.history.internal.kafka.topic': 'schemahistory.inventory'}

    def __init__(self, kind, folder):
        self.kind, self.server, self.prompt = kind, Server(kind, folder / kind), 'mysql> '

    def prepare(self, case):
        for script in ('reset.sql', 'setup.sql'):
            self.server.script((case / script).read_text())
        tables = self.server.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='inventory'")[0][0]
        return self.server.sql('SELECT VERSION()')[0][0], tables

    def run(self, statement):
        self.server.sql(statement)

    def before_snapshot(self):
        pass

    def writers(self, log):
        return f'writes were blocked for {re.search(r"writes were blocked for a total of ([0-9.]+) ms", log).group(1)} ms'

    def client(self):
        return f'mariadb -h127.0.0.1 -P{self.server.port} -uroot inventory'


class PostgresStory:
    counts, streaming, kind = (7, 35), 'Streaming from slot', 'postgres'
    snapshot = (r'(Captured tables: .*?)   \[', r'(Finished exporting .*?)   \[', r'(Snapshotting contents .*?)   \[', r'(Snapshot completed: .*?)   \[')
    settings = {'database.dbname': 'demo', 'schema.include.list': 'inventory', 'publication.autocreate.mode': 'filtered', 'slot.name': 'demo'}

    def __init__(self, folder):
        self.server, self.prompt = Postgres('demo', ('synchronous_commit=on',)), 'demo=# '

    def prepare(self, case):
        self.server.script('CREATE DATABASE demo')
        self.server.script((case / 'setup.sql').read_text(), 'demo')
        tables = self.server.value("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'inventory' AND table_type = 'BASE TABLE'", 'demo')
        return self.server.value('SHOW server_version', 'demo'), int(tables)

    def run(self, statement):
        self.server.script(statement, 'demo')

    def before_snapshot(self):
        """Somebody writes meanwhile, to see whether they have to wait."""
        self.took, self.stopped = [], threading.Event()
        self.writer = threading.Thread(target=self._write, daemon=True)
        self.writer.start()

    def _write(self):
        with contextlib.closing(psycopg2.connect(host='127.0.0.1', port=self.server.port, user='postgres', dbname='demo')) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute('CREATE TABLE public.beside (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)')
            while not self.stopped.is_set():
                began = time.monotonic()
                cursor.execute('INSERT INTO public.beside DEFAULT VALUES')
                self.took.append((time.monotonic() - began) * 1000)

    def writers(self, log):
        self.stopped.set()
        self.writer.join()
        return f'the slowest of {len(self.took)} writes meanwhile took {max(self.took):.1f} ms'

    def client(self):
        return f'psql -h 127.0.0.1 -p {self.server.port} -U postgres demo'


class Watch:
    """`millrace watch-topic`, as a user would run it in another terminal."""
    def __init__(self, worker, topic):
        show(f'{DIM}$ millrace watch-topic -a {topic} --at {worker.url}{END}')
        self.process = subprocess.Popen([worker.binary, 'watch-topic', '-a', '-f', 'json', topic, '--at', worker.url], stdout=subprocess.PIPE, text=True)
        for _ in range(worker.topics()[topic]):  # what the snapshot read
            self.next()

    def next(self):
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--mysql', action='store_true', help='a MySQL server in place of MariaDB')
    ap.add_argument('--postgres', action='store_true', help='a PostgreSQL server')
    ap.add_argument('--once', action='store_true', help='end and clean up after the story')
    args = ap.parse_args()
    folder = BUILD / 'demo'
    shutil.rmtree(folder, ignore_errors=True)
    story = PostgresStory(folder) if args.postgres else BinlogStory('mysql' if args.mysql else 'mariadb', folder)
    server, worker = story.server, None
    try:
        step(f'A private {story.kind} server with the tutorial\'s inventory database')
        server.start()
        version, tables = story.prepare(ROOT / 'tests' / 'golden' / f'{story.kind}-tutorial')
        show(f'{version} at 127.0.0.1:{server.port}; {tables} tables')

        step('A worker without Kafka: topics are kept in an embedded store')
        began = time.monotonic()
        worker = Worker(folder / 'worker').start()
        show(f'{DIM}$ millrace worker worker.properties{END}')
        show(f'REST at {worker.url} after {(time.monotonic() - began) * 1000:.0f} ms, {resident_mb(worker.process.pid):.0f} MB resident')

        step('POST /connectors registers inventory-connector')
        story.before_snapshot()
        config = connector(server, 'dbserver1', **story.settings)
        worker.create('inventory-connector', config)
        worker.wait_running('inventory-connector')
        status = worker.status('inventory-connector')
        show(f'connector {status["connector"]["state"]}, task {status["tasks"][0]["id"]} {status["tasks"][0]["state"]} on {status["connector"]["worker_id"]}')

        step('The snapshot')
        worker.wait_log('Snapshot completed')
        worker.wait_log(story.streaming)
        for line in worker.log().split('\n'):
            for pattern in story.snapshot:
                found = re.search(pattern, line)
                if found and 'Locking captured tables' not in found.group(1):
                    show(found.group(1).strip())
        topics = worker.topics()
        rows = sum(count for name, count in topics.items() if name.startswith('dbserver1.inventory.'))
        show(f'{BOLD}{tables} tables, {rows} rows in the topics; {story.writers(worker.log())}{END}')
        assert (tables, rows) == story.counts, (tables, rows)

        step('An update, a delete with its tombstone, and an insert, as they arrive')
        watch = Watch(worker, 'dbserver1.inventory.customers')
        for statement, records in (("UPDATE inventory.customers SET first_name='Anne Marie' WHERE id=1004", 1),
                                   ('DELETE FROM inventory.addresses WHERE customer_id=1004', 0),
                                   ('DELETE FROM inventory.customers WHERE id=1004', 2),
                                   ("INSERT INTO inventory.customers VALUES (default,'Sarah','Thompson','kitt@acme.com')", 1)):
            began = time.monotonic()
            story.run(statement)
            show(f'{DIM}{story.prompt}{statement}{END}')
            for _ in range(records):
                record = watch.next()
                show(f'  {describe(record)}  {DIM}{(time.monotonic() - began) * 1000:.0f} ms{END}')
        watch.stop()

        step('kill -9 of the worker, while changes go on')
        before = worker.topics()['dbserver1.inventory.customers']
        for i in range(100):
            if i == 50:
                worker.kill()
                show(f'kill -9 {BOLD}after 50 of 100 inserts{END}; the rest is committed while it is down')
            story.run(f"INSERT INTO inventory.customers VALUES (default,'Kenneth','Anderson','k{i}@acme.com')")
        began = time.monotonic()
        worker.start()
        worker.wait_records('dbserver1.inventory.customers', before + 100)
        show(f'restarted; all changes are there after {(time.monotonic() - began) * 1000:.0f} ms')

        step('The proof: each change is there exactly once')
        worker.wait_running('inventory-connector')
        mails = [e['after']['email'] for e in worker.events('dbserver1.inventory.customers') if e and e['op'] == 'c' and e['after']['first_name'] == 'Kenneth']
        assert mails == [f'k{i}@acme.com' for i in range(100)], mails
        show(f'{BOLD}100 inserts, {len(mails)} events, {len(set(mails))} different ones, in order: nothing lost, nothing doubled{END}')
        show(f'{resident_mb(worker.process.pid):.0f} MB resident')
        if args.once:
            assert worker.stop() == 0
            worker = None
            print('\nThe demo went well.')
            return
        step('It stays up. Try:')
        for line in (f'{worker.binary} watch-topic -a -k -f payload dbserver1.inventory.customers --at {worker.url}', f'{worker.binary} topics --at {worker.url}',
                     f'{worker.binary} connectors status inventory-connector --at {worker.url}', f'curl -s {worker.url}/connectors?expand=status',
                     story.client(), f'less {worker.log_path}'):
            show(line)
        print('\nCtrl-C ends it and cleans up.', flush=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            while True:
                signal.pause()
        except KeyboardInterrupt:
            print()
    finally:
        if worker is not None:
            worker.kill()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def resident_mb(pid):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().split('\n'):
        if line.startswith('VmRSS'):
            return int(line.split()[1]) / 1024
    return 0


main()
