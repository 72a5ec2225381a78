#!/usr/bin/python3
"""What capturing PostgreSQL costs, beside what pg_recvlogical alone reads of the same slot in the same run.

  backlog      N inserts (~200 bytes a row) in transactions of 100 rows, to the embedded store and to a null log
  single       the same with a transaction for every row (a tenth as many)
  transaction  one transaction of --large rows, with and without stream.open.transactions
  snapshot     a table of N rows, beside COPY of it

Prints a table and, with --json, the figures.
"""
import argparse, json, os, pathlib, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests' / 'support'))
from bench import cpu_us, measure
from postgres import Postgres
from servers import BUILD, wait_until
from worker import Worker, connector

TABLE = '''CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer varchar(60) NOT NULL, note varchar(120), amount numeric(12,2) NOT NULL,
  status varchar(8) NOT NULL, created timestamp NOT NULL, changed timestamptz NOT NULL, qty int, big bigint)'''
ROWS = '''INSERT INTO t (customer, note, amount, status, created, changed, qty, big) SELECT 'customer number ' || lpad(i::text, 8, '0') || ' of the bench',
  'a note of middling length that makes a row about two hundred bytes ' || lpad(i::text, 6, '0'), i + 0.25, 'paid', '2024-02-29 12:34:56', '2024-02-29 12:34:56+00', i % 100, i * 1000003::bigint
  FROM generate_series({first}, {last}) i'''


class Bench:
    def __init__(self, server, folder):
        self.server, self.folder = server, folder

    def config(self, **more):
        return connector(self.server, 'b', **{'database.dbname': 'bench', 'slot.name': 'bench', **more})

    def fresh(self):
        self.server.fresh_database('bench', 'bench')
        self.server.script(TABLE, 'bench')
        self.server.script('CREATE PUBLICATION dbz_publication FOR ALL TABLES', 'bench')

    def fill(self, rows, per_transaction):
        body = ROWS.format(first='begun', last=f'begun + {per_transaction - 1}')
        self.server.script(f'DO $$ BEGIN FOR begun IN 0..{rows - 1} BY {per_transaction} LOOP {body}; COMMIT; END LOOP; END $$', 'bench')

    def floor(self, rows):
        """pg_recvlogical reads a copy of the slot to its end and throws away what it reads."""
        self.server.script("SELECT pg_copy_logical_replication_slot('bench', 'bench_floor')", 'bench')
        end = self.server.value('SELECT pg_current_wal_lsn()', 'bench')
        began = time.monotonic()
        subprocess.run([str(self.server.bin / 'pg_recvlogical'), '-h', '127.0.0.1', '-p', str(self.server.port), '-U', 'postgres', '-d', 'bench', '--slot=bench_floor', '--start',
                        f'--endpos={end}', '-f', '/dev/null', '-o', 'proto_version=1', '-o', 'publication_names=dbz_publication', '-s', '1', '--no-loop'], check=True)
        seconds = time.monotonic() - began
        self.server.script("SELECT pg_drop_replication_slot('bench_floor')", 'bench')
        return round(rows / seconds)

    def backlog(self, name, rows, fill, store, **settings):
        """The same backlog, read by pg_recvlogical before and after ours; its rate is the mean of the two."""
        self.fresh()
        worker = Worker(self.folder / f'{name}-{store}', **({'store.path': 'null:'} if store == 'null' else {})).start()
        try:
            worker.create('bench', self.config(**settings))
            worker.wait_log('Streaming from slot')
            worker.request('PUT', '/connectors/bench/stop')
            wait_until('slot free', lambda: not self.server.is_streaming('bench'), 30)
            fill()
            self.server.script('CHECKPOINT', 'bench')
            before = self.floor(rows)
            result = measure(f'{name} to {store}', worker, 'b.public.t', lambda: worker.request('PUT', '/connectors/bench/resume'), rows)
            result['rows_per_s'] = round(rows / result['seconds'])
            result['floor_rows_per_s'] = before
            result['of_floor'] = f"{100 * result['rows_per_s'] / before:.0f} %"
            return result
        finally:
            worker.stop()

    def snapshot(self, rows, store, **settings):
        worker = Worker(self.folder / f'snapshot-{store}', **({'store.path': 'null:'} if store == 'null' else {})).start()
        try:
            self.server.drop_slots('bench', 'bench')
            began = time.monotonic()
            subprocess.run([str(self.server.bin / 'psql'), '-X', '-h', '127.0.0.1', '-p', str(self.server.port), '-U', 'postgres', '-d', 'bench', '-c', 'COPY t TO STDOUT'],
                           stdout=subprocess.DEVNULL, check=True)
            copy = time.monotonic() - began
            result = measure(f'snapshot to {store}', worker, 'b.public.t', lambda: worker.create('bench', self.config(**settings)), rows)
            result['rows_per_s'] = round(rows / result['seconds'])
            result['floor_rows_per_s'] = round(rows / copy)
            return result
        finally:
            worker.stop()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--rows', type=int, default=1_000_000)
    ap.add_argument('--large', type=int, default=5_000_000)
    ap.add_argument('--json', action='store_true')
    ap.add_argument('--only', default='')
    args = ap.parse_args()
    server = Postgres('bench', ('max_wal_size=8GB', 'fsync=off')).start()
    results = []
    try:
        bench, wanted = Bench(server, BUILD / 'bench'), lambda name: not args.only or args.only in name
        for store in ('store', 'null'):
            if wanted('backlog'):
                results.append(bench.backlog('backlog', args.rows, lambda: bench.fill(args.rows, 100), store))
            if wanted('single'):
                results.append(bench.backlog('single', args.rows // 10, lambda: bench.fill(args.rows // 10, 1), store))
        if wanted('transaction'):
            for streams in ('true', 'false'):
                fill = lambda: server.script(ROWS.format(first=1, last=args.large), 'bench')
                result = bench.backlog('transaction', args.large, fill, 'store', **{'stream.open.transactions': streams})
                results.append({**result, 'what': 'transaction, ' + ('streamed' if streams == 'true' else 'held back')})
        if wanted('snapshot'):
            bench.fresh()
            bench.fill(args.rows, 10_000)
            server.script('VACUUM ANALYZE t', 'bench')
            for store in ('store', 'null'):
                results.append(bench.snapshot(args.rows, store))
    finally:
        server.stop()
    if args.json:
        print(json.dumps(results))
        return
    columns = ['what', 'rows_per_s', 'of_floor', 'floor_rows_per_s', 'events_per_s', 'cpu_us_per_event', 'peak_rss_mb', 'seconds']
    print('  '.join(f'{c:>16}' if i else f'{c:<26}' for i, c in enumerate(columns)))
    for r in results:
        print('  '.join(f'{str(r.get(c, "")):>16}' if i else f'{r[c]:<26}' for i, c in enumerate(columns)))


if __name__ == '__main__':
    main()
