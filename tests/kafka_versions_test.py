"""Brokers from 2.8 on: recorded cases, exactly-once through a kill, and, with --long, all four cases and take-overs."""
import unittest

from fixtures import FOLDER, LONG, fresh_database, server
from golden import Case
from kafka import Kafka, ZookeeperKafka
from kafka_test import CASES, Writer, ids
from servers import wait_until
import takeover_test
from worker import connector


class Version:
    """Run for each."""
    version, kind = None, Kafka

    @classmethod
    def setUpClass(cls):
        cls.broker = cls.kind(FOLDER / f'kafka-{cls.version}', version=cls.version).start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()

    def test_cases(self):
        for name in ('mysql-tutorial', 'mariadb-tutorial', *(('mysql-types', 'mariadb-types') if LONG else ())):
            with self.subTest(name):
                worker = self.broker.worker(FOLDER / f'{self.version}-{name}', f'golden-{name}').start()
                self.addCleanup(worker.kill)
                same, total, differences = Case(CASES / name, server(name.split('-')[0]), worker).run(name)
                print(f'    {name} on Kafka {self.version}: {same} of {total} records are the same', flush=True)
                self.assertEqual(differences, [])
                worker.stop()

    def test_exactly_once_through_a_kill(self):
        s = server('mariadb')
        fresh_database(s, 'older')
        s.sql('CREATE TABLE older.t (id INT PRIMARY KEY, text VARCHAR(200))')
        worker = self.broker.worker(FOLDER / f'{self.version}-once', 'once', **{'exactly.once.source.support': 'enabled', 'session.timeout.ms': '6000'}).start()
        self.addCleanup(worker.kill)
        worker.create('o', connector(s, 'older', **{'database.include.list': 'older'}))
        worker.wait_running('o')
        writer = Writer(s, ['older.t'], 500)
        try:
            for _ in range(2):
                before = writer.written['older.t']
                wait_until('some changes', lambda: writer.written['older.t'] > before + 300, 30)
                worker.kill()
                worker.start()
                worker.wait_running('o')
        finally:
            writer.stop()
        written = writer.written['older.t']
        found = wait_until(f'all {written} changes', lambda: (lambda got: got if len(set(got)) >= written else None)(ids(self.broker.messages('older.older.t'))), 60)
        print(f'    {written} changes on Kafka {self.version}: {written - len(set(found))} lost, {len(found) - len(set(found))} doubled', flush=True)
        self.assertEqual(sorted(found), list(range(1, written + 1)))

    if LONG:
        def test_take_over(self):
            takeover_test.TakeOver.run_rounds(self, 'mysql', 4, self.broker)


class Kafka28(Version, unittest.TestCase):
    version, kind = '2.8.2', ZookeeperKafka


class Kafka39(Version, unittest.TestCase):
    version = '3.9.1'


if __name__ == '__main__':
    unittest.main()
