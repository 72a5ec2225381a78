#!/usr/bin/python3
"""What capture to Kafka costs on this machine, and beside it the floor: the same client sending the same bytes ready-made.
With --debezium real Debezium does the same on the same servers.

  drain      a backlog of N single-row events (transactions of 100 rows), schemas in the JSON and without
  snapshot   a table of N rows
  latency    commit to consumer at 500 changes a second

CPU is the worker's, in µs an event.
"""
import argparse, json, pathlib, subprocess, sys, threading, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests' / 'support'))
from confluent_kafka import Consumer, TopicPartition
from kafka import Debezium, Kafka
from servers import BUILD, Server, wait_until
from worker import connector

from bench import TABLE, cpu_us, fill, peak_mb


class Topic:
    def __init__(self, kafka, name):
        self.kafka, self.name = kafka, name
        self.consumer = Consumer({'bootstrap.servers': kafka.bootstrap, 'group.id': 'bench', 'enable.auto.commit': False})

    def high(self):
        try:
            return self.consumer.get_watermark_offsets(TopicPartition(self.name, 0), timeout=5)[1]
        except Exception:  # no such topic yet
            return 0

    def measure(self, worker, start, rows):
        pid = worker.process.pid
        before, cpu, began = self.high(), cpu_us(pid), time.monotonic()
        pathlib.Path(f'/proc/{pid}/clear_refs').write_text('5')
        start()
        first = None
        while True:
            now = self.high() - before
            if now > 0 and first is None:
                first = (time.monotonic(), now)
            if now >= rows:
                break
            time.sleep(0.02)
        end = time.monotonic()
        return {'events_per_s': round((rows - first[1]) / max(end - first[0], 1e-3)), 'cpu_us_per_event': round((cpu_us(pid) - cpu) / rows, 1),
                'first_s': round(first[0] - began, 2), 'peak_rss_mb': round(peak_mb(pid))}


def converters(schemas):
    json_converter = 'org.apache.kafka.connect.json.JsonConverter'
    return {f'{side}.converter{k}': v for side in ('key', 'value') for k, v in (('', json_converter), ('.schemas.enable', str(schemas).lower()))}


def stopped(worker, name):
    worker.request('PUT', f'/connectors/{name}/stop')
    wait_until('the connector STOPPED', lambda: worker.status(name)['connector']['state'] == 'STOPPED' and not worker.status(name)['tasks'], 60)


def drain(kafka, server, worker, label, rows, schemas):
    prefix = f'd{label}{int(schemas)}'
    server.sql('DROP DATABASE IF EXISTS bench', 'CREATE DATABASE bench', TABLE)
    worker.create(prefix, connector(server, prefix, **{'database.include.list': 'bench', 'snapshot.mode': 'no_data', 'database.server.id': abs(hash(prefix)) % 100000 + 1,
                                                       'schema.history.internal.kafka.bootstrap.servers': kafka.bootstrap, **converters(schemas)}))
    worker.wait_running(prefix)
    topic = Topic(kafka, f'{prefix}.bench.t')
    time.sleep(3 if label == 'dbz' else 0)  # Debezium calls itself RUNNING before its place in the log is fixed
    fill(server, 1, 1, 1)
    wait_until('the first change', lambda: topic.high() == 1, 60)
    stopped(worker, prefix)
    fill(server, rows, 100, 1)
    result = topic.measure(worker, lambda: worker.request('PUT', f'/connectors/{prefix}/resume'), rows)
    worker.request('DELETE', f'/connectors/{prefix}')
    return {'what': f'drain, {"with" if schemas else "no"} schemas', **result}


def snapshot(kafka, server, worker, label, rows):
    prefix = f's{label}'
    config = connector(server, prefix, **{'database.include.list': 'bench', 'schema.history.internal.kafka.bootstrap.servers': kafka.bootstrap})
    result = Topic(kafka, f'{prefix}.bench.t').measure(worker, lambda: worker.create(prefix, config), rows)
    worker.request('DELETE', f'/connectors/{prefix}')
    return {'what': 'snapshot', **result}


def latency(kafka, server, worker, label, rate=500, seconds=20):
    prefix = f'l{label}'
    server.sql('DROP DATABASE IF EXISTS bench', 'CREATE DATABASE bench', 'CREATE TABLE bench.l (id INT PRIMARY KEY AUTO_INCREMENT, at DOUBLE NOT NULL)')
    worker.create(prefix, connector(server, prefix, **{'database.include.list': 'bench', 'snapshot.mode': 'no_data', 'schema.history.internal.kafka.bootstrap.servers': kafka.bootstrap}))
    worker.wait_running(prefix)
    time.sleep(3 if label == 'dbz' else 0)
    topic = Topic(kafka, f'{prefix}.bench.l')
    server.sql('INSERT INTO bench.l (at) VALUES (0)')
    wait_until('the first change', lambda: topic.high() == 1, 60)
    count, took = rate * seconds, []

    def consume():
        consumer = Consumer({'bootstrap.servers': kafka.bootstrap, 'group.id': 'latency', 'enable.auto.commit': False, 'fetch.wait.max.ms': 1})
        consumer.assign([TopicPartition(topic.name, 0, 1)])
        while len(took) < count:
            message = consumer.poll(30)
            if message is not None and not message.error():
                took.append((time.time() - json.loads(message.value())['payload']['after']['at']) * 1000)
        consumer.close()
    thread = threading.Thread(target=consume)
    thread.start()
    cpu, began = cpu_us(worker.process.pid), time.time()
    with server.connect() as connection, connection.cursor() as cursor:
        for i in range(count):
            time.sleep(max(0, began + i / rate - time.time()))
            cursor.execute('INSERT INTO bench.l (at) VALUES (%s)', (time.time(),))
    thread.join()
    took.sort()
    worker.request('DELETE', f'/connectors/{prefix}')
    return {'what': f'latency at {rate}/s', **{f'p{q}_ms': round(took[int(len(took) * q / 100)], 2) for q in (50, 90, 99)}, 'cpu_us_per_event': round((cpu_us(worker.process.pid) - cpu) / count)}


def floor(kafka, folder, topic, rows):
    consumer = Consumer({'bootstrap.servers': kafka.bootstrap, 'group.id': 'floor', 'enable.auto.commit': False})
    consumer.assign([TopicPartition(topic, 0, 10)])
    sample = wait_until('a sample', lambda: consumer.poll(10), 30)
    consumer.close()
    (folder / 'value').write_bytes(sample.value())
    (folder / 'key').write_bytes(sample.key())
    out = json.loads(subprocess.run([str(BUILD / 'release' / 'millrace-kafka-floor'), kafka.bootstrap, f'floor-{topic}', str(rows), str(folder / 'value'), str(folder / 'key')],
                                    capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    return {'what': f'floor: {len(sample.value())}-byte values', 'events_per_s': round(rows / out['seconds']), 'cpu_us_per_event': round(out['cpu_us'] / rows, 1)}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--rows', type=int, default=400_000)
    ap.add_argument('--server', choices=['mysql', 'mariadb'], default='mysql')
    ap.add_argument('--debezium', action='store_true')
    args = ap.parse_args(sys.argv[1:])
    folder = BUILD / 'bench'
    server = Server(args.server, folder / args.server).start()
    kafka = Kafka(folder / 'kafka', **{'log.segment.bytes': '1073741824'}).start()
    results = []
    try:
        for label, make in (('mr', lambda: kafka.worker(folder / 'kafka-millrace', 'bench-mr')),) + ((('dbz', lambda: Debezium(folder / 'kafka-debezium', **kafka.worker_settings('bench-dbz'))),) if args.debezium else ()):
            worker = make().start()
            try:
                name = 'Millrace' if label == 'mr' else 'Debezium'
                for schemas in (True, False):
                    results.append({'who': name, **drain(kafka, server, worker, label, args.rows, schemas)})
                    if label == 'mr':
                        results.append({'who': 'floor', **floor(kafka, folder, f'd{label}{int(schemas)}.bench.t', args.rows)})
                results.append({'who': name, **snapshot(kafka, server, worker, label, args.rows)})
                results.append({'who': name, **latency(kafka, server, worker, label)})
            finally:
                worker.stop()
    finally:
        kafka.stop()
        server.stop()
    columns = ['who', 'what', 'events_per_s', 'cpu_us_per_event', 'peak_rss_mb', 'first_s', 'p50_ms', 'p90_ms', 'p99_ms']
    print('  '.join(f'{c:>16}' if i > 1 else f'{c:<26}' for i, c in enumerate(columns)))
    for r in results:
        print('  '.join(f'{str(r.get(c, "")):>16}' if i > 1 else f'{r[c]:<26}' for i, c in enumerate(columns)))


main()
