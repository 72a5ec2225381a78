"""Runs a recorded case (a folder of tests/golden) against a worker and compares its topics with what real Debezium
wrote, byte for byte, with the values zeroed that differ from run to run (times, positions, ids).

A case holds setup.sql, connector.json, steps.sql and golden/: see tests/golden/README.md.
"""
import base64, json, os, pathlib, re, time

from servers import wait_until
from worker import HttpError

NOTES_COUNTS = 'MILLRACE_NOTE_COUNTS' in os.environ
LONG_REST, MOMENT, PATIENCE = 1.5, 0.4, 20  # seconds

UUID = rb'[0-9a-f]{8}-[0-9a-f-]{27}'
VOLATILE = [
    (re.compile(rb'"(ts_ms|ts_us|ts_ns|pos|server_id|thread|ts_sec|lsn|txId|xmin)"(\s?:\s?)-?\d+'), rb'"\1"\g<2>0'),
    (re.compile(rb'"(file|gtid|gtids|sequence|version)"(\s?:\s?)"(?:[^"\\]|\\.)*"'), rb'"\1"\2"*"'),
    # transactions
    (re.compile(rb'"(transaction)":\{"id":"[^"]*"'), rb'"\1":{"id":"*"'),
    (re.compile(rb'("status":"(?:BEGIN|END)","id":)"[^"]*"'), rb'\1"*"'),
    (re.compile(rb'"id":"(?:' + UUID + rb':\d+|file=[^"]*,pos=\d+|\d+-\d+-\d+|\d+:\d+)"'), rb'"id":"*"'),
    # windows of incremental snapshots, and notifications
    (re.compile(rb'((?:open|close)WindowTimestamp\\": ?)\\"[^"\\]*\\"'), rb'\1\\"*\\"'),
    (re.compile(rb'"' + UUID + rb'(?=-(?:open|close)")'), rb'"*'),
    (re.compile(rb'(NotificationKey".*"payload":\{"id":)"' + UUID + rb'"'), rb'\1"*"'),
    (re.compile(rb'"id":"' + UUID + rb'"(?=,"type":"[A-Z_]*","aggregate_type")'), rb'"id":"*"'),
    (re.compile(rb'("aggregate_type":"(?:[^"\\]|\\.)*".*"timestamp":)\d+'), rb'\g<1>0'),
]


def volatile_field(name):
    """A further field whose value is not compared; with '?' behind it null counts as a value too."""
    null = '|null' if name.endswith('?') else ''
    pattern = '"(%s)"(\\s?:\\s?)(?:"(?:[^"\\\\]|\\\\.)*"|-?[0-9.]+%s)' % (re.escape(name.rstrip('?')), null)
    return re.compile(pattern.encode()), rb'"\1"\2"*"'


def normalise(text, further=()):
    if text is None:
        return None
    raw = base64.b64decode(text[7:]) if text.startswith('base64:') else text.encode()
    for pattern, replacement in VOLATILE + list(further):
        raw = pattern.sub(replacement, raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return 'base64:' + base64.b64encode(raw).decode()


def in_order(text):
    """The notifications' map in one order: Debezium makes it with Map.of, whose order differs from run to run."""
    return re.sub(r'(\\"additional_data\\":\{)(.*?)(\})', lambda m: m[1] + ','.join(sorted(re.split(r',(?=\\")', m[2]))) + m[3], text)


def line(record, further=()):
    headers = sorted([name, '*' if name == '__debezium.context.runId' else normalise(value, further)] for name, value in record['h'])
    return json.dumps({'p': record['p'], 'k': normalise(record['k'], further), 'v': normalise(record['v'], further), 'h': headers}, ensure_ascii=False)


class Case:
    def __init__(self, folder, server, worker):
        self.folder, self.server, self.worker = pathlib.Path(folder), server, worker
        text = (self.folder / 'connector.json').read_text()
        for name, value in {'db.host': '127.0.0.1', 'db.port': str(server.port), 'kafka': 'unused:9092'}.items():
            text = text.replace('${%s}' % name, value)
        given = json.loads(text)
        self.config = {k: v for k, v in given.items() if not k.startswith('x.')}
        self.extra = given.get('x.extra.topics', '').split()
        self.repeating = set(given.get('x.repeating', '').split())
        self.volatile = [volatile_field(name) for name in given.get('x.volatile', '').split()]
        self.prefix = self.config['topic.prefix']
        self.is_postgres = server.kind == 'postgres'
        self.least = int(given.get('x.snapshot.least', 1))
        self.streams = given.get('x.streams', 'true') == 'true'
        if not self.is_postgres:
            self.config['schema.history.internal.kafka.topic'] = f'schemahistory.{self.prefix}'
        self.golden = {f.name[:-6]: f.read_text().rstrip('\n').split('\n') for f in (self.folder / 'golden').glob('*.jsonl')}
        # How many records there were at each rest of a run that was right; MILLRACE_NOTE_COUNTS=1 notes them.
        noted = self.folder / 'counts.json'
        # Topics that repeat themselves are not among them, and need their time.
        self.counts = json.loads(noted.read_text()) if noted.exists() and not NOTES_COUNTS and not self.repeating else []
        self.rests = []
        # Records that we write otherwise on purpose: what ours must be, and why.
        on_purpose = self.folder / 'on_purpose.json'
        for entry in json.loads(on_purpose.read_text()) if on_purpose.exists() else []:
            self.golden[entry['topic']][entry['record']] = json.dumps(entry['ours'], ensure_ascii=False)

    def ours(self, topics):
        names = [self.prefix, f'schemahistory.{self.prefix}', *self.extra]
        return sorted(t for t in topics if any(t == n or t.startswith(n + '.') for n in names))

    def count(self):
        topics = self.worker.topics()
        return sum(topics[t] for t in self.ours(topics) if t not in self.repeating)

    def rest(self, least):
        """Waits until at least so many records are there and no more come: for long, or, where a run that was right had
        more of them by then and this one has as many, for a moment."""
        wait_until(f'{least} records of {self.prefix}', lambda: self.count() >= least, 90, self.worker.process)
        step = len(self.rests)
        expected = self.counts[step] if step < len(self.counts) and self.counts[step] > (self.rests[-1] if self.rests else 0) else None
        last, since = self.count(), time.monotonic()
        while time.monotonic() - since < (MOMENT if expected == last else LONG_REST):
            time.sleep(0.05)
            now = self.count()
            if now != last:
                last, since = now, time.monotonic()
        self.rests.append(last)
        return last

    def script(self, text):
        if self.is_postgres:
            self.server.script(text, self.config['database.dbname'])
        else:
            self.server.script(text)

    def wait_streaming(self):
        """What is changed before the slot is read would be in the stream all the same; the records' order is what this waits for."""
        if self.is_postgres and self.streams:
            slot = self.config.get('slot.name', 'debezium')
            wait_until(f'slot {slot} is read', lambda: self.server.is_streaming(slot), 60, self.worker.process)

    def note_foreign(self):
        """A MySQL connector writes the DDL of all databases; those of other tests are not this case's."""
        self.foreign = None
        if self.is_postgres:
            return
        foreign = [row[0] for row in self.server.sql('SHOW DATABASES')]
        own = {name.strip('`') for name in re.findall(r'(?:CREATE DATABASE|DROP DATABASE IF EXISTS) (`[^`]+`|\w+)', ''.join(
            (self.folder / f).read_text() for f in ('reset.sql', 'setup.sql', 'steps.sql') if (self.folder / f).exists()))}
        self.foreign = re.compile(r'"databaseName"\s?:\s?"(?:%s)"' % '|'.join(re.escape(n) for n in foreign if n not in own))

    def run(self, name):
        """(same, all, what differs)"""
        if self.is_postgres:
            self.server.fresh_database(self.config['database.dbname'], self.config.get('slot.name', 'debezium'))
        for script in ('reset.sql', 'setup.sql'):
            if (self.folder / script).exists():
                self.script((self.folder / script).read_text())
        self.note_foreign()
        self.worker.create(name, self.config)
        self.worker.wait_running(name)
        self.rest(self.least)
        self.wait_streaming()
        section, stopped = [], False
        for text in (self.folder / 'steps.sql').read_text().split('\n') + ['-- @wait']:
            if not text.startswith('-- @'):
                section.append(text)
                continue
            marker, _, rest = text[4:].partition(' ')
            if any(s.strip() for s in section):
                before = self.count()
                self.script('\n'.join(section))
                if not stopped:
                    self.rest(before + (marker != 'silent'))
            section = []
            stopped = self.act(name, marker, rest, stopped)
        self.await_late_topics()
        same, total, differences = self.compare()
        if NOTES_COUNTS and same == total and not self.repeating:
            (self.folder / 'counts.json').write_text(json.dumps(self.rests) + '\n')
        return same, total, differences

    def await_late_topics(self):
        """A broker may take longer over a new topic than records rest elsewhere. What never comes, compare() tells."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            topics = self.worker.topics()
            if all(topics.get(topic, 0) >= len(lines) for topic, lines in self.golden.items() if topic not in self.repeating):
                return
            time.sleep(0.05)

    def act(self, name, marker, rest, stopped):
        """Does what a marker line says; whether the connector is stopped afterwards."""
        if marker == 'restart':
            self.worker.request('POST', f'/connectors/{name}/restart?includeTasks=true')
        elif marker == 'stop':
            self.worker.request('PUT', f'/connectors/{name}/stop')
            wait_until(f'{name} stopped', lambda: self.worker.get(f'/connectors/{name}/status')['connector']['state'] == 'STOPPED', 30, self.worker.process)
            return True
        elif marker == 'resume':
            self.worker.request('PUT', f'/connectors/{name}/resume')
            stopped = False
        elif marker == 'config':
            self.config = {k: v for k, v in {**self.config, **json.loads(rest)}.items() if v is not None}
            self.worker.request('PUT', f'/connectors/{name}/config', self.config)
        elif marker == 'produce':
            topic, key, value = rest.split(' ', 2)
            before = self.count()
            self.worker.cli('topics', 'put', '--at', self.worker.url, topic, key, value)
            self.rest(before)
        elif marker == 'delete':
            self.worker.cli('topics', 'delete', '--at', self.worker.url, *rest.replace('${history}', f'schemahistory.{self.prefix}').split())
        if marker in ('restart', 'resume', 'config') and not stopped:
            self.worker.wait_running(name)
            self.rest(self.least)
            self.wait_streaming()
        return stopped

    def once(self, topic, lines):
        """Of topics that repeat themselves, like heartbeats, equal neighbours count once."""
        return [l for i, l in enumerate(lines) if topic not in self.repeating or i == 0 or l != lines[i - 1]]

    def compare(self):
        found = {}
        for topic in self.ours(self.worker.topics()):
            lines = [line(r, self.volatile) for r in self.worker.records(topic) if self.foreign is None or not self.foreign.search(f'{r["k"]} {r["v"]}')]
            if lines:
                found[topic] = lines
        same = total = 0
        differences = []
        for topic in sorted(set(self.golden) | set(found)):
            want, have = ([in_order(text) for text in self.once(topic, lines.get(topic, []))] for lines in (self.golden, found))
            total += max(len(want), len(have))
            same += sum(a == b for a, b in zip(want, have))
            if want != have:
                differences.append(f'{topic}: {len(want)} records expected, {len(have)} found')
                for a, b in [(a, b) for a, b in zip(want, have) if a != b][:2]:
                    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                    differences.append(f'  expected …{a[max(0, at - 60):at + 160]}\n  found    …{b[max(0, at - 60):at + 160]}')
        return same, total, differences
