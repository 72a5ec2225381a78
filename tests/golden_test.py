"""Every recorded case: the same bytes as real Debezium, snapshot and stream, headers and schema history included."""
import pathlib, unittest

from fixtures import FOLDER, server
from golden import Case
from worker import Worker

CASES = sorted(p for p in (pathlib.Path(__file__).parent / 'golden').iterdir() if p.is_dir())


class Golden(unittest.TestCase):
    maxDiff = None


def add(folder):
    def test(self):
        database = server(folder.name.split('-')[0])
        worker = Worker(FOLDER / f'golden-{folder.name}').start()
        self.addCleanup(worker.kill)
        same, total, differences = Case(folder, database, worker).run(folder.name)
        print(f'    {folder.name}: {same} of {total} records are the same', flush=True)
        self.assertEqual(same, total, '\n'.join(differences))
        self.assertEqual(worker.stop(), 0)
    setattr(Golden, f'test_{folder.name.replace("-", "_")}', test)


for case in CASES:
    add(case)
