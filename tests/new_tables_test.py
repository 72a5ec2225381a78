"""Tables that are added to the include lists of a running connector (snapshot.new.tables)."""
import unittest

from fixtures import FOLDER, fresh_database, server
from worker import Worker, connector


class NewTables(unittest.TestCase):
    def capture(self, kind, name, *ddl, **more):
        """A worker that streams the table t of a database with more tables in it, and its configuration."""
        s = server(kind)
        fresh_database(s, name)
        s.sql(f'CREATE TABLE {name}.t (id INT PRIMARY KEY)', f'INSERT INTO {name}.t VALUES (1)', *(statement.replace('DB.', f'{name}.') for statement in ddl))
        w = Worker(FOLDER / f'new-{name}-{kind}').start()
        self.addCleanup(w.kill)
        config = {**connector(s, 'p'), 'database.include.list': name, 'table.include.list': f'{name}.t', **more}
        w.create('c', config)
        w.wait_log('Connected to')
        w.wait_records(f'p.{name}.t', 1)
        return s, w, config

    def add(self, w, name, config, *tables):
        w.request('PUT', '/connectors/c/config', {**config, 'table.include.list': ','.join(f'{name}.{t}' for t in ('t', *tables))})

    def rows(self, w, topic, count):
        w.wait_records(topic, count)
        return [(e['op'], e['after'] or e['before']) for e in w.events(topic) if e]

    def test_their_rows_are_read_and_their_changes_told(self):
        """What was written before, one with a key and one without; nothing of the others is read again."""
        for kind in ('mysql', 'mariadb'):
            for store in ('false', 'true'):
                with self.subTest(kind, stores_captured_only=store):
                    name = f'added_{store}'
                    s, w, config = self.capture(kind, name, 'CREATE TABLE DB.keyed (id INT PRIMARY KEY, v VARCHAR(9))', 'CREATE TABLE DB.plain (v INT)',
                                                "INSERT INTO DB.keyed VALUES (1,'a'),(2,'b')", 'INSERT INTO DB.plain VALUES (7),(7)',
                                                **{'schema.history.internal.store.only.captured.tables.ddl': store})
                    s.sql(f'DELETE FROM {name}.keyed WHERE id = 1', f'INSERT INTO {name}.t VALUES (2)')
                    w.wait_records(f'p.{name}.t', 2)
                    self.add(w, name, config, 'keyed', 'plain')
                    self.assertEqual(self.rows(w, f'p.{name}.keyed', 1), [('r', {'id': 2, 'v': 'b'})])
                    self.assertEqual(self.rows(w, f'p.{name}.plain', 2), [('r', {'v': 7})] * 2)
                    s.sql(f"UPDATE {name}.keyed SET v = 'c'", f'INSERT INTO {name}.plain VALUES (8)', f'INSERT INTO {name}.t VALUES (3)')
                    self.assertEqual(self.rows(w, f'p.{name}.keyed', 2)[1:], [('u', {'id': 2, 'v': 'c'})])
                    self.assertEqual(self.rows(w, f'p.{name}.plain', 3)[2:], [('c', {'v': 8})])
                    self.assertEqual([op for op, _ in self.rows(w, f'p.{name}.t', 3)], ['r', 'c', 'c'])
                    w.stop()  # the table is taken up once
                    s.sql(f"INSERT INTO {name}.keyed VALUES (4, 'd')")
                    w.start()
                    self.assertEqual(self.rows(w, f'p.{name}.keyed', 3)[2:], [('c', {'id': 4, 'v': 'd'})])

    def test_an_interruption_goes_on_where_it_was(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w, config = self.capture(kind, 'added_long', 'CREATE TABLE DB.big (id INT AUTO_INCREMENT PRIMARY KEY, v INT)', **{'snapshot.chunk.rows': '100', 'snapshot.max.rows.per.second': '2000'})
                s.sql('INSERT INTO added_long.big (v) VALUES ' + ','.join(['(1)'] * 3000))
                self.add(w, 'added_long', config, 'big')
                w.wait_records('p.added_long.big', 500)
                w.kill()
                s.sql('UPDATE added_long.big SET v = 2 WHERE id % 100 = 0', 'DELETE FROM added_long.big WHERE id % 100 = 1')
                w.start()
                want = {row[0]: row[1] for row in s.sql('SELECT id, v FROM added_long.big')}
                w.wait_log(r'Tables that are captured from now on are read .*added_long.big')
                self.wait_folded(w, want)
                reads = [e['after']['id'] for e in w.events('p.added_long.big') if e and e['op'] == 'r']
                self.assertLess(len(reads), 3000 + 300)

    def wait_folded(self, w, want):
        from servers import wait_until

        def folded():
            rows = {}
            for e in w.events('p.added_long.big'):
                if e and e['op'] == 'd':
                    rows.pop(e['before']['id'], None)
                elif e:
                    rows[e['after']['id']] = e['after']['v']
            return rows == want
        wait_until('the topic folded is the table', folded, 60, w.process)

    def test_with_off_only_their_changes_are_told(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w, config = self.capture(kind, 'added_off', 'CREATE TABLE DB.late (id INT PRIMARY KEY)', 'INSERT INTO DB.late VALUES (1)', **{'snapshot.new.tables': 'off' if kind == 'mysql' else 'false'})
                self.add(w, 'added_off', config, 'late')
                s.sql('INSERT INTO added_off.late VALUES (2)')
                self.assertEqual(self.rows(w, 'p.added_off.late', 1), [('c', {'id': 2})])

    def test_a_connector_that_reads_no_rows_reads_none_of_theirs(self):
        s, w, config = self.capture_without_rows()
        self.add(w, 'added_none', config, 'late')
        s.sql('INSERT INTO added_none.late VALUES (2)')
        self.assertEqual(self.rows(w, 'p.added_none.late', 1), [('c', {'id': 2})])

    def capture_without_rows(self):
        s = server('mysql')
        fresh_database(s, 'added_none')
        s.sql('CREATE TABLE added_none.t (id INT PRIMARY KEY)', 'CREATE TABLE added_none.late (id INT PRIMARY KEY)', 'INSERT INTO added_none.late VALUES (1)')
        w = Worker(FOLDER / 'new-added_none').start()
        self.addCleanup(w.kill)
        config = {**connector(s, 'p'), 'database.include.list': 'added_none', 'table.include.list': 'added_none.t', 'snapshot.mode': 'no_data'}
        w.create('c', config)
        w.wait_log('Connected to')
        s.sql('INSERT INTO added_none.t VALUES (1)')
        w.wait_records('p.added_none.t', 1)
        return s, w, config

    def test_one_that_was_altered_meanwhile_is_read_once_the_stream_is_there(self):
        """The rows of now do not have the column that the schema has at the place that the stream is at."""
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w, config = self.capture(kind, 'added_altered', 'CREATE TABLE DB.late (id INT PRIMARY KEY, a INT, b INT)', 'INSERT INTO DB.late VALUES (1, 2, 3)')
                w.stop()
                s.sql('INSERT INTO added_altered.late VALUES (2, 3, 4)', 'ALTER TABLE added_altered.late DROP COLUMN a')
                w.start()
                self.add(w, 'added_altered', config, 'late')
                rows = self.rows(w, 'p.added_altered.late', 2)
                self.assertEqual({row['id']: row['b'] for _, row in rows}, {1: 3, 2: 4})
