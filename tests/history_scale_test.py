"""A long schema history is read in no time: the history of a real connector, told again for ever more tables."""
import re, unittest

from confluent_kafka import Producer

from fixtures import FOLDER, LONG, fresh_database, kafka, server
from servers import wait_until
from worker import connector

COUNT = 50_000 if LONG else 10_000
SECONDS = 2.0 if LONG else 1.5  # the short run takes 0.2 to 0.3 s on an idle machine; what is left is room for a busy one
TABLES = 20


class HistoryScale(unittest.TestCase):
    def capture(self, kind):
        """Twenty tables, each altered ten times, told by a connector, and a row behind them."""
        s = server(kind)
        fresh_database(s, 'hist')
        worker = kafka().worker(FOLDER / f'history-{kind}', f'history-{kind}').start()
        self.addCleanup(worker.kill)
        worker.create('c', connector(s, f'history-{kind}', **{'database.include.list': 'hist'}))
        worker.wait_log('Connected to')
        types = ['INT', 'VARCHAR(40) NOT NULL', 'DECIMAL(10,2)', 'DATETIME(6)', "ENUM('a','b')", 'TEXT', 'BIGINT UNSIGNED', 'DATE', 'BLOB', 'CHAR(3)']
        columns = ', '.join(f'c{i} {t}' for i, t in enumerate(types))
        for t in range(TABLES):
            s.sql(f'CREATE TABLE hist.t{t} (id INT PRIMARY KEY, {columns})', *[f'ALTER TABLE hist.t{t} ADD COLUMN d{a} INT' for a in range(10)])
        s.sql('INSERT INTO hist.t0 (id, c1) VALUES (1, "x")')
        self.wait_rows(kind, 1)
        return s, worker

    def wait_rows(self, kind, count):
        wait_until(f'{count} rows', lambda: len(kafka().messages(f'history-{kind}.hist.t0')) == count, 60)

    def lengthen(self, topic):
        told = [m.value().decode() for m in kafka().messages(topic)]
        alters = [t for t in told if 'ADD COLUMN' in t]
        producer = Producer({'bootstrap.servers': kafka().bootstrap, 'linger.ms': 50, 'queue.buffering.max.messages': COUNT, 'queue.buffering.max.kbytes': 1_000_000})
        for n in range(len(told), COUNT):
            copy = n // len(alters)
            producer.produce(topic, re.sub(r'\bt(\d+)\b', rf't\1_{copy}', alters[n % len(alters)]).encode(), partition=0)
            producer.poll(0)
        self.assertEqual(producer.flush(120), 0)

    def check(self, kind):
        s, worker = self.capture(kind)
        worker.request('PUT', '/connectors/c/stop')
        wait_until('the connector stopped', lambda: worker.status('c')['connector']['state'] == 'STOPPED', 30)
        self.lengthen(f'schemahistory.history-{kind}')
        worker.request('PUT', '/connectors/c/resume')
        worker.wait_log('Recovered the schema', 120)
        records, minutes, seconds = re.search(r'Recovered the schema from (\d+) history records in 00:(\d+):([\d.]+)', worker.log()).groups()
        seconds = 60 * int(minutes) + float(seconds)
        print(f'    {kind}: {records} records in {seconds:.2f} s', flush=True)
        self.assertGreaterEqual(int(records), COUNT)
        self.assertLess(seconds, SECONDS)
        s.sql('INSERT INTO hist.t0 (id, c1) VALUES (2, "y")')
        self.wait_rows(kind, 2)

    def test_mysql(self):
        self.check('mysql')

    def test_mariadb(self):
        self.check('mariadb')


if __name__ == '__main__':
    unittest.main()
