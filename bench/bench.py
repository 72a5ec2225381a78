#!/usr/bin/python3
"""What capture costs on this machine, beside the floor measured in the same run.

  backlog    a binlog of N single-row inserts, in transactions of 100 rows by multi-row INSERTs, ~200 bytes a row
  single     the same with a transaction for every row (a tenth as many)
  snapshot   a table of N rows
  chains     the backlog through transforms, to a null log: none, those that leave records closed, unwrap, scripts, outbox, five of Kafka's, CloudEvents

each to the embedded store and to a null log, with schemas in the JSON. Prints a table and, with --json, the figures.
"""
import argparse, json, os, pathlib, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests' / 'support'))
from servers import BUILD, Server, wait_until
from worker import Worker, connector


def cpu_us(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // os.sysconf('SC_CLK_TCK')


def peak_mb(pid):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().split('\n'):
        if line.startswith('VmHWM'):
            return int(line.split()[1]) / 1024


TABLE = ('CREATE TABLE bench.t (id INT PRIMARY KEY AUTO_INCREMENT, customer VARCHAR(60) NOT NULL, note VARCHAR(120), amount DECIMAL(12,2) NOT NULL, '
         'status ENUM("new","paid","sent") NOT NULL, created DATETIME NOT NULL, changed TIMESTAMP NOT NULL, qty INT, big BIGINT)')


def fill(server, rows, per_statement, per_transaction):
    """Inserts by a stored statement text; every row differs."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute('SET autocommit=0')
        done = 0
        while done < rows:
            for _ in range(per_transaction):
                values = ','.join(f"('customer number {i:08d} of the bench','a note of middling length that makes a row about two hundred bytes {i:06d}',{i}.25,'paid',"
                                  f"'2024-02-29 12:34:56','2024-02-29 12:34:56',{i % 100},{i * 1000003})" for i in range(done, done + per_statement))
                cursor.execute(f'INSERT INTO bench.t (customer,note,amount,status,created,changed,qty,big) VALUES {values}')
                done += per_statement
            connection.commit()


def floor(server, file):
    out = subprocess.run([str(BUILD / 'release' / 'millrace-floor'), '127.0.0.1', str(server.port), 'debezium', 'dbz', file], capture_output=True, text=True)
    if out.returncode:
        raise SystemExit(out.stderr)
    return json.loads(out.stdout)


def measure(name, worker, topic, start, rows):
    """Runs `start` and waits for the rows; events/s counts from the first event on."""
    pid = worker.process.pid
    cpu, began = cpu_us(pid), time.monotonic()
    before = worker.topics().get(topic, 0)
    start()
    first = None
    while True:
        now = worker.topics().get(topic, 0) - before
        if now and first is None:
            first = (time.monotonic(), now)
        if now >= rows:
            break
        time.sleep(0.01)
    end = time.monotonic()
    seconds = end - first[0] if first and rows > first[1] else end - began
    events = rows - first[1] if first and rows > first[1] else rows
    return {'what': name, 'events_per_s': round(events / max(seconds, 1e-9)), 'cpu_us_per_event': round((cpu_us(pid) - cpu) / rows, 2),
            'seconds': round(end - began, 2), 'peak_rss_mb': round(peak_mb(pid), 1)}


KAFKA, DEBEZIUM = 'org.apache.kafka.connect.transforms.', 'io.debezium.transforms.'


def chain(**transforms):
    config = {'transforms': ','.join(transforms), 'include.schema.changes': 'false'}
    for name, (type_name, options) in transforms.items():
        config[f'transforms.{name}.type'] = type_name
        config.update({f'transforms.{name}.{option}': value for option, value in options.items()})
    return config


UNWRAP = (DEBEZIUM + 'ExtractNewRecordState', {})
# name: settings, the topic of the records
CHAINS = {
    'none': ({'include.schema.changes': 'false'}, 'b.bench.t'),
    'route, header': (chain(r=(KAFKA + 'RegexRouter', {'regex': r'b\.(.*)', 'replacement': 'c.$1'}), h=(KAFKA + 'InsertHeader', {'header': 'a', 'value.literal': 'b'})), 'c.bench.t'),
    'unwrap': (chain(u=UNWRAP), 'b.bench.t'),
    'unwrap, add.fields': (chain(u=(UNWRAP[0], {'add.fields': 'op,source.ts_ms,source.table', 'delete.tombstone.handling.mode': 'rewrite'})), 'b.bench.t'),
    'JS filter': (chain(f=(DEBEZIUM + 'Filter', {'language': 'jsr223.graal.js', 'condition': "value.op == 'c' && value.after.id > 0"})), 'b.bench.t'),
    'Groovy filter': (chain(f=(DEBEZIUM + 'Filter', {'language': 'jsr223.groovy', 'condition': "value.op == 'c' && value.after.id > 0"})), 'b.bench.t'),
    'JS router': (chain(f=(DEBEZIUM + 'ContentBasedRouter', {'language': 'jsr223.graal.js', 'topic.expression': "value.op == 'c' ? 'created' : null"})), 'created'),
    'outbox': (chain(o=(DEBEZIUM + 'outbox.EventRouter', {'table.field.event.key': 'customer', 'table.field.event.payload': 'note', 'route.by.field': 'status'})), 'outbox.event.paid'),
    'unwrap, five of Kafka': (chain(u=UNWRAP, a=(KAFKA + 'ReplaceField$Value', {'exclude': 'big', 'renames': 'note:remark'}), b=(KAFKA + 'MaskField$Value', {'fields': 'customer'}),
                                    c=(KAFKA + 'Cast$Value', {'spec': 'qty:string'}), d=(KAFKA + 'InsertField$Value', {'topic.field': 'topic', 'static.field': 's', 'static.value': 'v'}),
                                    e=(KAFKA + 'ValueToKey', {'fields': 'id'})), 'b.bench.t'),
    'CloudEvents': ({'value.converter': 'io.debezium.converters.CloudEventsConverter'}, 'b.bench.t'),
}


def through_chain(server, folder, name, rows):
    settings, topic = CHAINS[name]
    result = backlog(server, folder, f'chain {name}', rows, 100, 1, 'null', topic, settings)
    return {k: v for k, v in result.items() if not k.startswith('floor')}


def backlog(server, folder, name, rows, per_statement, per_transaction, store, topic='b.bench.t', settings=None):
    worker = Worker(folder / f'{name.replace(" ", "-")}-{store}', **({'store.path': 'null:'} if store == 'null' else {})).start()
    try:
        server.sql('DROP DATABASE IF EXISTS bench', 'CREATE DATABASE bench', TABLE)
        worker.create('bench', connector(server, 'b', **{'database.include.list': 'bench', **(settings or {})}))
        worker.wait_log('Connected to')
        worker.request('PUT', '/connectors/bench/stop')
        server.sql('FLUSH BINARY LOGS')
        file = server.sql('SHOW BINARY LOGS')[-1][0]
        fill(server, rows, per_statement, per_transaction)
        raw = floor(server, file)
        result = measure(f'{name} to {store}', worker, topic, lambda: worker.request('PUT', '/connectors/bench/resume'), rows)
        result['floor_rows_per_s'] = round(rows / raw['seconds'])
        result['floor_cpu_us'] = round(raw['cpu_us'] / rows, 3)
        return result
    finally:
        worker.stop()


def snapshot(server, folder, rows, store):
    worker = Worker(folder / f'snapshot-{store}', **({'store.path': 'null:'} if store == 'null' else {})).start()
    try:
        began = time.monotonic()
        subprocess.run(['mariadb', '--quick', '-N', '-h127.0.0.1', f'-P{server.port}', '-uroot', '-e', 'SELECT * FROM bench.t'], stdout=subprocess.DEVNULL, check=True)
        select = time.monotonic() - began
        result = measure(f'snapshot to {store}', worker, 'b.bench.t',
                         lambda: worker.create('bench', connector(server, 'b', **{'database.include.list': 'bench'})), rows)
        result['floor_rows_per_s'] = round(rows / select)
        return result
    finally:
        worker.stop()


def startup(folder):
    times = []
    for i in range(5):
        worker = Worker(folder / 'startup')
        began = time.monotonic()
        worker.start(wait=False)
        while not worker.answers():
            time.sleep(0.001)
        times.append((time.monotonic() - began) * 1000)
        worker.stop()
    return {'what': 'start-up to first REST answer', 'ms': round(sorted(times)[2], 1)}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--rows', type=int, default=1_000_000)
    ap.add_argument('--server', choices=['mysql', 'mariadb'], default='mysql')
    ap.add_argument('--json', action='store_true')
    ap.add_argument('--only', default='')
    args = ap.parse_args()
    folder = BUILD / 'bench'
    server = Server(args.server, folder / args.server).start()
    results = []
    try:
        wanted = lambda name: not args.only or args.only in name
        for store in ('store', 'null'):
            if wanted('backlog'):
                results.append(backlog(server, folder, 'backlog', args.rows, 100, 1, store))
            if wanted('single'):
                results.append(backlog(server, folder, 'single', args.rows // 10, 1, 1, store))
        if wanted('snapshot'):
            server.sql('DROP DATABASE IF EXISTS bench', 'CREATE DATABASE bench', TABLE)
            fill(server, args.rows, 1000, 10)
            for store in ('store', 'null'):
                results.append(snapshot(server, folder, args.rows, store))
        for name in CHAINS:
            if args.only == 'chains' or (args.only and args.only == f'chain {name}'):
                results.append(through_chain(server, folder, name, args.rows))
        if wanted('startup'):
            results.append(startup(folder))
    finally:
        server.stop()
    if args.json:
        print(json.dumps(results))
        return
    columns = ['what', 'events_per_s', 'cpu_us_per_event', 'peak_rss_mb', 'seconds', 'floor_rows_per_s', 'floor_cpu_us', 'ms']
    print('  '.join(f'{c:>18}' if i else f'{c:<30}' for i, c in enumerate(columns)))
    for r in results:
        print('  '.join(f'{str(r.get(c, "")):>18}' if i else f'{r[c]:<30}' for i, c in enumerate(columns)))


if __name__ == '__main__':
    main()
