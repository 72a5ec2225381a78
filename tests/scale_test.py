"""Many connectors in one worker: all of them run, all of them capture, and what each costs in memory."""
import unittest

from fixtures import FOLDER, LONG, fresh_database, kafka, server
from servers import wait_until
from worker import connector, payload

COUNT = 100 if LONG else 20
MEGABYTES_EACH = 8  # at most


def resident_mb(pid):
    with open(f'/proc/{pid}/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('VmRSS')) / 1024


class Scale(unittest.TestCase):
    def test_many_connectors_in_one_worker(self):
        s = server('mariadb')
        s.sql('SET GLOBAL max_connections = 400')
        worker = kafka().worker(FOLDER / 'many', 'many').start()
        self.addCleanup(worker.kill)
        empty = resident_mb(worker.process.pid)
        for n in range(COUNT):
            fresh_database(s, f'many{n}')
            s.sql(f'CREATE TABLE many{n}.t (id INT PRIMARY KEY)', f'INSERT INTO many{n}.t VALUES (1)')
            worker.create(f'm{n}', connector(s, f'many{n}', **{'database.include.list': f'many{n}', 'database.server.id': 9000 + n,
                                                               'schema.history.internal.store.only.captured.databases.ddl': 'true'}))
        for n in range(COUNT):
            worker.wait_running(f'm{n}', 120)
            s.sql(f'INSERT INTO many{n}.t VALUES (2)')
        for n in range(COUNT):
            found = wait_until(f'the rows of many{n}', lambda: (lambda got: got if len(got) >= 2 else None)(
                [payload(m.value().decode())['after']['id'] for m in kafka().messages(f'many{n}.many{n}.t')]), 60)
            self.assertEqual(found, [1, 2])
        rss = resident_mb(worker.process.pid)
        print(f'    {COUNT} connectors: {rss:.0f} MB, {empty:.0f} MB without any: {(rss - empty) / COUNT:.1f} MB each', flush=True)
        self.assertLess((rss - empty) / COUNT, MEGABYTES_EACH)
        self.assertEqual(worker.stop(), 0)


if __name__ == '__main__':
    unittest.main()
