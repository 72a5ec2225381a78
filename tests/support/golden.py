"""Runs a recorded case (a folder of tests/golden) against a worker and compares its topics with what real Debezium
wrote, byte for byte, with the values zeroed that differ from run to run (times, positions, ids).

A case holds setup.sql, connector.json, steps.sql and golden/: see tests/golden/README.md.
"""
import base64, json, pathlib, re, time

from servers import wait_until
from worker import HttpError

VOLATILE = [
    (re.compile(rb'"(ts_ms|ts_us|ts_ns|pos|server_id|thread|ts_sec)"(\s?:\s?)-?\d+'), rb'"\1"\g<2>0'),
    (re.compile(rb'"(file|gtid|gtids|sequence|version)"(\s?:\s?)"(?:[^"\\]|\\.)*"'), rb'"\1"\2"*"'),
]


def normalise(text):
    if text is None:
        return None
    raw = base64.b64decode(text[7:]) if text.startswith('base64:') else text.encode()
    for pattern, replacement in VOLATILE:
        raw = pattern.sub(replacement, raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return 'base64:' + base64.b64encode(raw).decode()


def line(record):
    headers = sorted([name, '*' if name == '__debezium.context.runId' else normalise(value)] for name, value in record['h'])
    return json.dumps({'p': record['p'], 'k': normalise(record['k']), 'v': normalise(record['v']), 'h': headers}, ensure_ascii=False)


class Case:
    def __init__(self, folder, server, worker):
        self.folder, self.server, self.worker = pathlib.Path(folder), server, worker
        text = (self.folder / 'connector.json').read_text()
        for name, value in {'db.host': '127.0.0.1', 'db.port': str(server.port), 'kafka': 'unused:9092'}.items():
            text = text.replace('${%s}' % name, value)
        self.config = {k: v for k, v in json.loads(text).items() if not k.startswith('x.')}
        self.prefix = self.config['topic.prefix']
        self.config['schema.history.internal.kafka.topic'] = f'schemahistory.{self.prefix}'
        self.golden = {f.name[:-6]: f.read_text().rstrip('\n').split('\n') for f in (self.folder / 'golden').glob('*.jsonl')}

    def ours(self, topics):
        names = (self.prefix, f'schemahistory.{self.prefix}')
        return sorted(t for t in topics if any(t == n or t.startswith(n + '.') for n in names))

    def count(self):
        topics = self.worker.topics()
        return sum(topics[t] for t in self.ours(topics))

    def rest(self, least, seconds=1.5):
        """Waits until at least so many records are there and no more come."""
        wait_until(f'{least} records of {self.prefix}', lambda: self.count() >= least, 90, self.worker.process)
        last, since = self.count(), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.05)
            now = self.count()
            if now != last:
                last, since = now, time.monotonic()
        return last

    def run(self, name):
        """(same, all, what differs)"""
        for script in ('reset.sql', 'setup.sql'):
            if (self.folder / script).exists():
                self.server.script((self.folder / script).read_text())
        foreign = [row[0] for row in self.server.sql('SHOW DATABASES')]
        own = {name.strip('`') for name in re.findall(r'(?:CREATE DATABASE|DROP DATABASE IF EXISTS) (`[^`]+`|\w+)', ''.join(
            (self.folder / f).read_text() for f in ('reset.sql', 'setup.sql', 'steps.sql') if (self.folder / f).exists()))}
        self.foreign = re.compile(r'"databaseName"\s?:\s?"(?:%s)"' % '|'.join(re.escape(n) for n in foreign if n not in own))
        self.worker.create(name, self.config)
        self.worker.wait_running(name)
        self.rest(1)
        section = []
        for text in (self.folder / 'steps.sql').read_text().split('\n') + ['-- @wait']:
            if not text.startswith('-- @'):
                section.append(text)
                continue
            if any(s.strip() for s in section):
                before = self.count()
                self.server.script('\n'.join(section))
                self.rest(before + 1)
            section = []
            if text.startswith('-- @restart'):
                self.worker.request('POST', f'/connectors/{name}/restart?includeTasks=true')
                self.worker.wait_running(name)
                self.rest(1)
        return self.compare()

    def compare(self):
        found = {}
        for topic in self.ours(self.worker.topics()):
            lines = [line(r) for r in self.worker.records(topic) if not self.foreign.search(f'{r["k"]} {r["v"]}')]
            if lines:
                found[topic] = lines
        same = total = 0
        differences = []
        for topic in sorted(set(self.golden) | set(found)):
            want, have = self.golden.get(topic, []), found.get(topic, [])
            total += max(len(want), len(have))
            same += sum(a == b for a, b in zip(want, have))
            if want != have:
                differences.append(f'{topic}: {len(want)} records expected, {len(have)} found')
                for a, b in [(a, b) for a, b in zip(want, have) if a != b][:2]:
                    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                    differences.append(f'  expected …{a[max(0, at - 60):at + 160]}\n  found    …{b[max(0, at - 60):at + 160]}')
        return same, total, differences
