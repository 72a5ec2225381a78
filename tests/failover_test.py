"""A primary dies under load and its replica takes over; the connector follows by GTID: nothing lost, nothing doubled."""
import shutil, threading, time, unittest

from fixtures import FOLDER, LONG
from servers import Server, wait_until
from worker import Worker, connector


class Load(threading.Thread):
    """Transactions of three rows and, now and then, DDL; remembers what was committed."""
    def __init__(self, s, first):
        super().__init__(daemon=True)
        self.server, self.next, self.committed, self.stopped = s, first, set(), threading.Event()
        self.start()

    def run(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            while not self.stopped.is_set():
                ids = list(range(self.next, self.next + 3))
                self.next += 3
                cursor.execute('BEGIN')
                for i in ids:
                    cursor.execute(f'INSERT INTO shop.t (id) VALUES ({i})')
                cursor.execute('COMMIT')
                self.committed.update(ids)
                if self.next % 300 == 0:
                    cursor.execute(f'ALTER TABLE shop.t ADD COLUMN c{self.next} INT')
                time.sleep(0.001)

    def stop(self):
        self.stopped.set()
        self.join()


class Failover(unittest.TestCase):
    def start(self, kind, number, *options):
        folder = FOLDER / f'failover-{kind}-{number}'
        shutil.rmtree(folder, ignore_errors=True)
        s = Server(kind, folder, options=[f'--server-id={number}', *options]).start()
        self.addCleanup(s.stop)
        return s

    def follow(self, replica, primary):
        if replica.kind == 'mysql':
            replica.sql(f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT={primary.port}, SOURCE_USER='debezium', SOURCE_PASSWORD='dbz', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1", 'START REPLICA')
        else:
            replica.sql(f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='debezium', MASTER_PASSWORD='dbz', MASTER_USE_GTID=slave_pos", 'START SLAVE')

    def promote(self, replica):
        replica.sql('STOP REPLICA' if replica.kind == 'mysql' else 'STOP SLAVE', 'RESET REPLICA ALL' if replica.kind == 'mysql' else 'RESET SLAVE ALL')

    def fail_over(self, kind):
        a = self.start(kind, 11)
        a.sql('CREATE DATABASE shop', 'CREATE TABLE shop.t (id INT PRIMARY KEY)')
        b = self.start(kind, 12)
        if kind == 'mysql':
            b.sql('RESET BINARY LOGS AND GTIDS')
        else:
            b.sql('RESET MASTER', "SET GLOBAL gtid_slave_pos = ''")
            b.sql('DROP USER debezium@"%"', 'DROP USER debezium@localhost', 'RESET MASTER')
        if kind == 'mysql':
            b.sql('SET SQL_LOG_BIN=0', "DROP USER debezium@'%'")
        self.follow(b, a)
        wait_until('the replica following', lambda: ('shop',) in [tuple(r) for r in b.sql('SHOW DATABASES')], 60)
        w = Worker(FOLDER / f'failover-{kind}-worker').start()
        self.addCleanup(w.kill)
        config = {**connector(a, 'f'), 'database.include.list': 'shop', 'heartbeat.interval.ms': '500'}
        w.create('c', config)
        w.wait_log('Connected to')
        committed, primary, replica = set(), a, b
        for turn in range(4 if LONG else 2):
            load = Load(primary, 1 + turn * 1_000_000)
            wait_until('some load', lambda: len(load.committed) > 900, 60)
            load.stop()
            committed |= load.committed
            wait_until('the replica caught up', lambda: replica.sql('SELECT COUNT(*) FROM shop.t')[0][0] == len(committed), 60)
            primary.stop()  # the connector may not have read all of it
            self.promote(replica)
            w.request('PUT', '/connectors/c/config', {**config, 'database.port': str(replica.port)})
            primary, replica = replica, primary
            replica.start()
            self.follow(replica, primary)
        primary.sql('INSERT INTO shop.t (id) VALUES (0)')
        wait_until('the last row', lambda: any(e and e['after']['id'] == 0 for e in w.events('f.shop.t')[-5:]), 60, w.process)
        ids = [e['after']['id'] for e in w.events('f.shop.t')]
        lost, doubled = len(committed - set(ids)), len(ids) - len(set(ids))
        print(f'    {kind}: {turn + 1} failovers, {len(committed)} rows: {lost} lost, {doubled} doubled', flush=True)
        self.assertEqual((lost, doubled), (0, 0))
        self.assertEqual(w.stop(), 0)

    def test_mysql(self):
        self.fail_over('mysql')

    def test_mariadb(self):
        self.fail_over('mariadb')


if __name__ == '__main__':
    unittest.main()
