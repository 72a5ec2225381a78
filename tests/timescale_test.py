"""The transform TimescaleDb, over a catalogue as TimescaleDB keeps it (tests/golden/postgres-timescaledb is its recorded case)."""
import unittest

from fixtures import FOLDER, server
from worker import Worker, connector

TYPE = 'io.debezium.connector.postgresql.transforms.timescaledb.TimescaleDb'
CATALOGUE = '''
CREATE SCHEMA _timescaledb_catalog;
CREATE TABLE _timescaledb_catalog.hypertable (id int PRIMARY KEY, schema_name name, table_name name);
CREATE TABLE _timescaledb_catalog.chunk (id int PRIMARY KEY, hypertable_id int, schema_name name, table_name name);
CREATE TABLE _timescaledb_catalog.continuous_agg (mat_hypertable_id int PRIMARY KEY, user_view_schema name, user_view_name name);
INSERT INTO _timescaledb_catalog.hypertable VALUES (1, 'public', 'm');
INSERT INTO _timescaledb_catalog.chunk VALUES (1, 1, '_timescaledb_internal', 'chunk_1');
CREATE SCHEMA _timescaledb_internal;
CREATE TABLE _timescaledb_internal.chunk_1 (id int PRIMARY KEY, v text);'''


class TimescaleDb(unittest.TestCase):
    def begin(self, name, **settings):
        self.name, self.server = name, server('postgres')
        self.server.fresh_database(name, name)
        self.server.script(CATALOGUE, name)
        self.worker = Worker(FOLDER / f'timescale-{name}').start()
        self.addCleanup(self.worker.kill)
        self.config = connector(self.server, name, **{'database.dbname': name, 'slot.name': name, 'publication.autocreate.mode': 'all_tables', 'transforms': 't',
                                                      'schema.include.list': '_timescaledb_internal', 'retriable.restart.connector.wait.ms': '200'})
        self.config.update({f'transforms.t.{option}': value for option, value in self.config.items() if option.startswith('database.')})
        self.config.update({'transforms.t.type': TYPE, **settings})

    def run_sql(self, text):
        self.server.script(text, self.name)

    def test_a_row_whose_key_changes_stays_with_its_hypertable(self):
        """Debezium leaves the create of a key change in the chunk's topic."""
        self.begin('tskey')
        self.worker.create('c', self.config)
        self.worker.wait_running('c')
        self.run_sql("INSERT INTO _timescaledb_internal.chunk_1 VALUES (1, 'a'); UPDATE _timescaledb_internal.chunk_1 SET id = 2")
        self.worker.wait_records('timescaledb.public.m', 3)
        events = self.worker.events('timescaledb.public.m')
        self.assertEqual([(event['op'], event['source']['schema'], event['source']['table']) for event in events], [(op, 'public', 'm') for op in 'cdc'])

    def test_a_connection_that_is_lost_costs_nothing(self):
        """The catalogue is read again for each chunk that is new."""
        self.begin('tslost')
        self.worker.create('c', self.config)
        self.worker.wait_running('c')
        for n in range(2, 6):
            self.run_sql(f"CREATE TABLE _timescaledb_internal.chunk_{n} (id int PRIMARY KEY, v text); INSERT INTO _timescaledb_catalog.chunk VALUES ({n}, 1, '_timescaledb_internal', 'chunk_{n}');"
                         f"INSERT INTO _timescaledb_internal.chunk_{n} VALUES ({n}, 'x')")
            self.worker.wait_records('timescaledb.public.m', n - 1)
            self.run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'tslost' AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
        self.assertEqual([event['after']['id'] for event in self.worker.events('timescaledb.public.m')], [2, 3, 4, 5])

    def test_a_server_without_the_catalogue_fails_the_task(self):
        self.begin('tsnone')
        self.run_sql('DROP SCHEMA _timescaledb_catalog CASCADE')
        self.worker.create('c', self.config)
        self.worker.wait_running('c')
        self.run_sql("INSERT INTO _timescaledb_internal.chunk_1 VALUES (1, 'a')")
        self.worker.wait_failed('c')
        self.assertRegex(self.worker.status('c')['tasks'][0]['trace'], r"TimescaleDB's catalogue cannot be read: .*_timescaledb_catalog\.chunk.* does not exist")
