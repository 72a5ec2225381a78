"""Custom converters that the recorded cases do not have: ZeroDateFallbackConverter came with Debezium 3.6."""
import json, unittest

from fixtures import FOLDER, fresh_database, server
from worker import HttpError, Worker, connector

CLASS = 'io.debezium.connector.binlog.converters.ZeroDateFallbackConverter'


class ZeroDates(unittest.TestCase):
    def events(self, kind, name, **options):
        """The same rows by snapshot and by stream: records with schemas."""
        s = server(kind)
        fresh_database(s, name)
        insert = (f"INSERT INTO {name}.t VALUES (%d, '0000-00-00', '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', NULL),"
                  f" (%d, '2024-02-29', '1970-01-01', '1970-01-01 00:00:00', '2024-02-29 01:02:03.123456', '2024-02-29 01:02:03.120000', '2024-02-29')")
        zeroes = "SET SESSION sql_mode = '', time_zone = '+00:00'"
        s.sql(zeroes, f"CREATE TABLE {name}.t (id INT PRIMARY KEY, d DATE NOT NULL DEFAULT '0000-00-00', dn DATE NULL, dt DATETIME NOT NULL, d6 DATETIME(6) NOT NULL DEFAULT '2000-01-01 00:00:00', ts TIMESTAMP(6) NOT NULL DEFAULT '2000-01-01 00:00:00', other DATE NULL)",
              insert % (1, 2))
        w = Worker(FOLDER / f'zero-{kind}-{name}').start()
        self.addCleanup(w.kill)
        w.create('c', connector(s, 'p', **{'database.include.list': name, 'converters': 'zero', 'zero.type': CLASS, 'time.precision.mode': 'isostring', **options}))
        w.wait_log('Connected to')
        s.sql(zeroes, insert % (3, 4))
        w.wait_records(f'p.{name}.t', 4)
        records = [json.loads(r['v']) for r in w.records(f'p.{name}.t')]
        after = next(f for f in records[0]['schema']['fields'] if f['field'] == 'after')['fields']
        return {f['field']: f for f in after}, [tuple(r['payload']['after'].values()) for r in records]

    def test_without_a_literal_they_are_null(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                fields, rows = self.events(kind, 'zero_null', **{'zero.selector': r'zero_null[.]t[.](d|dn|dt|d6|ts)'})
                zero = (None,) * 5
                real = (19782, 0, 0, 1709168523123456, '2024-02-29T01:02:03.12Z')
                self.assertEqual(rows, [(1, *zero, None), (2, *real, '2024-02-29Z'), (3, *zero, None), (4, *real, '2024-02-29Z')])
                self.assertEqual([(f.get('name'), f['type'], f['optional'], f.get('default')) for f in list(fields.values())[1:6]], [
                    ('io.debezium.time.Date', 'int32', True, None), ('io.debezium.time.Date', 'int32', True, None), ('io.debezium.time.Timestamp', 'int64', True, None),
                    ('io.debezium.time.MicroTimestamp', 'int64', True, None), ('io.debezium.time.ZonedTimestamp', 'string', True, None)])

    def test_literals_by_type_and_by_column(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                fields, rows = self.events(kind, 'zero_value', **{'zero.target.types': 'date, DATETIME,TIMESTAMP', 'zero.fallback.date': '1900-01-01', 'zero.fallback.datetime': '1900-01-01 00:00:01',
                                                                  'zero.fallback.timestamp': '1970-01-01T09:00:00.5+09:00', 'zero.column.zero_value.t.dn.fallback': 'NULL', 'zero.column.zero_value.t.dt.fallback': '1970-01-01 00:00:02'})
                zero = (-25567, None, 2000, -2208988799000000, '1970-01-01T00:00:00.5Z', -25567)
                real = (19782, 0, 0, 1709168523123456, '2024-02-29T01:02:03.12Z', 19782)
                self.assertEqual(rows, [(1, *zero), (2, *real), (3, *zero), (4, *real)])
                self.assertEqual([(f['optional'], f.get('default')) for f in list(fields.values())[1:]], [
                    (False, -25567), (True, None), (False, None), (False, -2208988799000000), (False, '1970-01-01T00:00:00.5Z'), (True, None)])

    def test_types_that_are_not_wanted_stay_as_they_are(self):
        fields, rows = self.events('mysql', 'zero_some', **{'zero.target.types': 'TIMESTAMP', 'zero.selector': r'zero_some\.t\.ts'})
        self.assertEqual((rows[0][1], rows[0][5]), ('1970-01-01Z', None))
        self.assertEqual(fields['d']['name'], 'io.debezium.time.IsoDate')

    def test_literals_that_cannot_be_read_are_refused(self):
        w = Worker(FOLDER / 'zero-refused').start()
        self.addCleanup(w.kill)
        for property, literal in (('date', '1900-13-01'), ('date', '01.01.1900'), ('datetime', '1900-01-01'), ('timestamp', '1900-01-01 00:00:00')):
            with self.subTest(property, literal=literal), self.assertRaises(HttpError) as refused:
                w.create('c', connector(server('mysql'), 'p', **{'converters': 'zero', 'zero.type': CLASS, f'zero.fallback.{property}': literal}))
            self.assertIn(f"'{literal}' is neither NULL nor", str(refused.exception))
