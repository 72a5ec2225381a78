"""Tables whose columns in the log are not those that the schema history tells: corrected from the server, or refused."""
import unittest

from fixtures import FOLDER, fresh_database, server
from worker import Worker, connector

UNLOGGED = 'SET SESSION sql_log_bin = 0'


class SchemaRepair(unittest.TestCase):
    def capture(self, kind, name, *ddl, metadata='MINIMAL', **more):
        """A worker that streams a database with one table in it."""
        s = server(kind)
        self.row_metadata(s, metadata)
        fresh_database(s, name)
        s.sql(*(statement.replace('DB.', f'{name}.') for statement in ddl))
        w = Worker(FOLDER / f'repair-{name}-{kind}').start()
        self.addCleanup(w.kill)
        w.create('c', connector(s, 'p', **{'database.include.list': name, **more}))
        w.wait_log('Connected to')
        return s, w

    def row_metadata(self, s, value):
        before = s.sql('SELECT @@GLOBAL.binlog_row_metadata')[0][0]
        self.addCleanup(s.sql, f'SET GLOBAL binlog_row_metadata = {before}')
        s.sql(f'SET GLOBAL binlog_row_metadata = {value}')

    def after(self, w, name, count):
        w.wait_records(f'p.{name}.t', count)
        return [e['after'] for e in w.events(f'p.{name}.t')]

    def test_a_column_that_the_log_never_told_of_is_found_on_the_server(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.capture(kind, 'silent_add', 'CREATE TABLE DB.t (id INT PRIMARY KEY)', 'INSERT INTO DB.t VALUES (1)')
                s.sql(UNLOGGED, "ALTER TABLE silent_add.t ADD COLUMN name VARCHAR(20) NOT NULL DEFAULT 'x'")
                s.sql("INSERT INTO silent_add.t VALUES (2, 'b')")
                self.assertEqual(self.after(w, 'silent_add', 2), [{'id': 1}, {'id': 2, 'name': 'b'}])
                w.wait_log(r'schema history \S+ is wrong about table silent_add.t at \S+.*the log has 2 columns, the schema 1.*\(id INT\S*, name VARCHAR\(20\)\)')
                w.stop()  # a restart knows it from the history
                s.sql("INSERT INTO silent_add.t VALUES (3, 'c')")
                w.start()
                self.assertEqual(self.after(w, 'silent_add', 3)[2], {'id': 3, 'name': 'c'})
                self.assertEqual(w.log().count('is wrong about table'), 1)

    def test_a_type_that_the_log_never_told_of_is_found_on_the_server(self):
        changes = ('v BIGINT', 'v VARCHAR(30)', 'v DECIMAL(12,3)', 'v DATETIME(6)', 'v TEXT', 'v DOUBLE')
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.capture(kind, 'silent_type', 'CREATE TABLE DB.t (id INT PRIMARY KEY, v INT NULL)')
                for n, column in enumerate(changes):
                    s.sql(UNLOGGED, f'ALTER TABLE silent_type.t DROP COLUMN v, ADD COLUMN {column} NULL')
                    s.sql(f'INSERT INTO silent_type.t VALUES ({n}, 20240102)')
                    self.assertEqual(len(self.after(w, 'silent_type', n + 1)), n + 1)
                last = w.records('p.silent_type.t')
                self.assertEqual([self.value_type(r) for r in last], ['int64', 'string', 'bytes', 'int64', 'string', 'double'])
                # TEXT in place of DATETIME is told; nothing in the log tells a TEXT from a VARCHAR, and nothing needs to
                self.assertEqual(self.after(w, 'silent_type', 6)[4]['v'], '20240102')

    def value_type(self, record):
        import json
        schema = json.loads(record['v'])['schema']
        after = next(f for f in schema['fields'] if f['field'] == 'after')
        return next(f for f in after['fields'] if f['field'] == 'v')['type']

    def test_a_new_name_is_seen_where_the_log_names_columns(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.capture(kind, 'silent_name', 'CREATE TABLE DB.t (id INT PRIMARY KEY, a INT, b INT)', metadata='FULL')
                s.sql(UNLOGGED, 'ALTER TABLE silent_name.t RENAME COLUMN a TO z')
                s.sql('INSERT INTO silent_name.t VALUES (1, 2, 3)')
                self.assertEqual(self.after(w, 'silent_name', 1), [{'id': 1, 'z': 2, 'b': 3}])
                w.wait_log('column 2 is called z in the log and a in the schema')

    def test_new_literals_are_seen_where_the_log_has_them(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.capture(kind, 'silent_enum', "CREATE TABLE DB.t (id INT PRIMARY KEY, s SET('p','q'), e ENUM('ä','b'), f ENUM('x'))", "INSERT INTO DB.t VALUES (1,'p','b','x')", metadata='FULL')
                s.sql(UNLOGGED, "ALTER TABLE silent_enum.t MODIFY e ENUM('c','ä','b')")
                s.sql("INSERT INTO silent_enum.t VALUES (2, 'q', 'b', 'x')")
                self.assertEqual(self.after(w, 'silent_enum', 2)[1], {'id': 2, 's': 'q', 'e': 'b', 'f': 'x'})

    def test_tables_that_are_right_are_never_asked_about(self):
        """All types at once, with and without names in the log: no warning."""
        columns = ('a TINYINT UNSIGNED, b SMALLINT ZEROFILL, c MEDIUMINT, d INT UNSIGNED, e SERIAL, f FLOAT, g FLOAT(30), h DOUBLE, i DECIMAL, j DECIMAL(5), k DECIMAL(9,2) UNSIGNED, '
                   "l BIT, m BIT(17), n YEAR, o DATE, p TIME, q TIME(3), r DATETIME, s DATETIME(6), t TIMESTAMP NULL, u TIMESTAMP(2) NULL, v CHAR, w VARCHAR(300), x TINYTEXT, y LONGBLOB, z BINARY(9), "
                   "aa ENUM('a''b','c\\\\d'), am ENUM('ü','z') CHARACTER SET latin1, an SET('é','z') CHARACTER SET utf16, ao ENUM('日') CHARACTER SET sjis, ab SET('x','y'), ac JSON, ad GEOMETRY, ae POINT, af BOOLEAN, ag NATIONAL VARCHAR(9), ah REAL, ai NUMERIC(4,1), aj TEXT(70000), ak INT AS (d + 1) VIRTUAL, al INT AS (d + 2) STORED")
        for kind in ('mysql', 'mariadb'):
            for metadata in ('NO_LOG', 'MINIMAL', 'FULL') if kind == 'mariadb' else ('MINIMAL', 'FULL'):
                with self.subTest(kind, metadata=metadata):
                    name = f'all_right_{metadata}'.lower()
                    s, w = self.capture(kind, name, f'CREATE TABLE DB.t ({columns})', metadata=metadata, **{'schema.repair': 'false'})
                    s.sql(f'INSERT INTO {name}.t (d) VALUES (5)')
                    self.assertEqual(self.after(w, name, 1)[0]['al'], 7)
                    self.assertNotIn('is wrong about', w.log())

    def test_what_cannot_be_told_stops_the_task_with_both_structures(self):
        """The table was altered once more since, so what the server has now says nothing of the rows before."""
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.capture(kind, 'silent_twice', 'CREATE TABLE DB.t (id INT PRIMARY KEY)', 'CREATE TABLE DB.u (id INT PRIMARY KEY)')
                w.stop()
                s.sql(UNLOGGED, 'ALTER TABLE silent_twice.t ADD COLUMN a INT')
                s.sql('INSERT INTO silent_twice.t VALUES (1, 2)', 'ALTER TABLE silent_twice.t CHANGE a b INT')
                w.start()
                trace = w.wait_failed('c')
                for part in ('silent_twice.t', '(id INT', '(INT, INT)', 'CHANGE a b INT', 'Take a new snapshot', 'binlog_row_metadata=FULL'):
                    self.assertIn(part, trace)
                self.assertRegex(trace, r'at \S+\.\d+:\d+')

    def test_a_table_that_the_history_does_not_know_is_found_on_the_server(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.capture(kind, 'silent_create', 'CREATE TABLE DB.other (id INT PRIMARY KEY)')
                s.sql(UNLOGGED, 'CREATE TABLE silent_create.t (id INT PRIMARY KEY, v VARCHAR(5))')
                s.sql("INSERT INTO silent_create.t VALUES (1, 'a')", "UPDATE silent_create.t SET v = 'b'")
                self.assertEqual(self.after(w, 'silent_create', 2), [{'id': 1, 'v': 'a'}, {'id': 1, 'v': 'b'}])

    def test_without_repair_a_difference_stops_the_task(self):
        s, w = self.capture('mysql', 'silent_off', 'CREATE TABLE DB.t (id INT PRIMARY KEY)', **{'schema.repair': 'false'})
        s.sql(UNLOGGED, 'ALTER TABLE silent_off.t ADD COLUMN a INT')
        s.sql('INSERT INTO silent_off.t VALUES (1, 2)')
        self.assertIn('schema.repair is off', w.wait_failed('c'))
