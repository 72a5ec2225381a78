"""The embedded store under a worker: full disks, second owners, readers, and a clean end."""
import json, os, pathlib, subprocess, threading, time, unittest

from fixtures import FOLDER, fresh_database, server
from servers import run, wait_until
from worker import Worker, connector


class Store(unittest.TestCase):
    def worker(self, **settings):
        w = Worker(FOLDER / f'store-{self.id().rsplit(".", 1)[1]}', **settings)
        self.addCleanup(w.kill)
        return w

    def capture(self, w, database, **more):
        self.server = server('mariadb')
        fresh_database(self.server, database)
        self.server.sql(f'CREATE TABLE {database}.t (id INT PRIMARY KEY AUTO_INCREMENT, v MEDIUMBLOB)')
        w.create('c', connector(self.server, 'p', **{'database.include.list': database, **more}))
        w.wait_log('Connected to')

    def test_a_full_disk_stops_the_task_until_there_is_room(self):
        place = FOLDER / 'small-disk'
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(['umount', str(place)], capture_output=True)
        run(['mount', '-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', str(place)])
        self.addCleanup(run, ['umount', str(place)])
        w = self.worker(**{'store.path': str(place / 'store')}).start()
        self.addCleanup(w.kill)
        self.capture(w, 'fulldisk', **{'retriable.restart.connector.wait.ms': '500'})
        count = 60
        for _ in range(count):
            self.server.sql('INSERT INTO fulldisk.t (v) VALUES (RANDOM_BYTES(1000))' if False else f"INSERT INTO fulldisk.t (v) VALUES (x'{os.urandom(400_000).hex()}')")
        trace = w.wait_failed('c')
        self.assertIn('full', trace)
        self.assertIn('make room', trace)
        run(['mount', '-o', 'remount,size=400m', str(place)])
        w.wait_records('p.fulldisk.t', count)
        self.assertEqual([e['after']['id'] for e in w.events('p.fulldisk.t')], list(range(1, count + 1)))
        w.wait_running('c')
        self.assertEqual(w.stop(), 0)

    def test_a_second_worker_is_told_who_owns_the_store(self):
        w = self.worker().start()
        second = subprocess.run([w.binary, 'worker', '--set', f'store.path={w.settings["store.path"]}', '--set', 'listeners=http://127.0.0.1:0'], capture_output=True, text=True)
        self.assertEqual(second.returncode, 3)
        self.assertIn(f'belongs to the running process {w.process.pid}', second.stderr)
        put = w.cli('topics', 'put', 't', 'k', 'v', '--store', w.settings['store.path'], check=False)
        self.assertEqual(put.returncode, 3)

    def test_readers_may_come_any_time(self):
        w = self.worker().start()
        self.capture(w, 'readers')
        path = w.settings['store.path']
        watcher = subprocess.Popen([w.binary, 'watch-topic', '-a', '-k', '-n', '300', '-f', 'payload', 'p.readers.t', '--store', path], stdout=subprocess.PIPE, text=True)
        # A reader that stands still in the middle of a topic: the write-ahead log must not grow with it.
        slow = subprocess.Popen([w.binary, 'watch-topic', '-a', 'p.readers.t', '--store', path], stdout=subprocess.PIPE)
        self.addCleanup(slow.kill)
        for i in range(300):
            self.server.sql(f"INSERT INTO readers.t (v) VALUES (x'{os.urandom(100_000).hex()}')")
        lines = watcher.communicate(timeout=60)[0].splitlines()
        self.assertEqual([json.loads(l.split('\t')[0])['id'] for l in lines], list(range(1, 301)))
        wait_until('all records', lambda: w.topics().get('p.readers.t', 0) == 300)
        wal = os.path.getsize(pathlib.Path(path) / 'topics.db-wal')
        self.assertLess(wal, 100 << 20)
        listed = json.loads(w.cli('topics', '--json', '--store', path).stdout)
        self.assertIn({'name': 'p.readers.t', 'partitions': 1, 'records': 300}, listed)
        self.assertEqual(w.stop(), 0)
        # And while no worker runs.
        self.assertEqual(len(w.cli('topics', 'export', 'p.readers.t', '--store', path).stdout.splitlines()), 300)
        w.cli('topics', 'put', 'mine', 'k', 'v', '--store', path)
        self.assertEqual(json.loads(w.cli('topics', 'export', 'mine', '--store', path).stdout)['v'], 'v')
        w.cli('topics', 'delete', 'mine', '--store', path)
        self.assertEqual(w.cli('topics', 'describe', 'mine', '--store', path, check=False).returncode, 1)

    def test_sigterm_drains(self):
        w = self.worker().start()
        self.capture(w, 'drained')
        done = threading.Event()
        def insert():
            with self.server.connect() as connection, connection.cursor() as cursor:
                for i in range(2000):
                    cursor.execute('INSERT INTO drained.t (v) VALUES (1)')
            done.set()
        writer = threading.Thread(target=insert, daemon=True)
        writer.start()
        w.wait_records('p.drained.t', 50)
        self.assertEqual(w.stop(), 0)
        writer.join()
        w.start()
        w.wait_records('p.drained.t', 2000)
        self.assertEqual([e['after']['id'] for e in w.events('p.drained.t')], list(range(1, 2001)))


if __name__ == '__main__':
    unittest.main()
