"""Settings that say which transactions count, and what becomes of changes that cannot be told."""
import unittest

from fixtures import FOLDER, fresh_database, server
from worker import Worker, connector


class Choosing(unittest.TestCase):
    def start(self, name):
        worker = Worker(FOLDER / f'choosing-{name}').start()
        self.addCleanup(worker.kill)
        return worker

    def table(self, kind, name):
        s = server(kind)
        fresh_database(s, name)
        s.sql(f'CREATE TABLE {name}.t (id INT PRIMARY KEY)', f'CREATE TABLE {name}.late (id INT PRIMARY KEY)')
        return s

    def source_of(self, s):
        """What gtid.source.* call the server: a UUID, or DOMAIN-SERVER."""
        row = s.sql('SELECT @@server_uuid' if s.kind == 'mysql' else "SELECT CONCAT(@@gtid_domain_id, '-', @@server_id)")[0]
        return list(row.values())[0] if isinstance(row, dict) else row[0]

    # ------------------------------------------------------------- gtid.source.*
    def test_changes_of_excluded_servers_give_no_events(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.table(kind, 'gtid_out'), self.start(f'excluded-{kind}')
                w.create('c', {**connector(s, 'p'), 'database.include.list': 'gtid_out', 'gtid.source.excludes': self.source_of(s)})
                w.wait_log('Connected to')
                s.sql('INSERT INTO gtid_out.t VALUES (1)', 'ALTER TABLE gtid_out.t ADD COLUMN a INT')
                w.wait_records('p', 5)  # DDL counts whoever made it
                self.assertEqual(w.topics().get('p.gtid_out.t', 0), 0)

    def test_changes_of_excluded_servers_are_told_where_only_the_position_is_filtered(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.table(kind, 'gtid_in'), self.start(f'position-{kind}')
                w.create('c', {**connector(s, 'p'), 'database.include.list': 'gtid_in', 'gtid.source.excludes': self.source_of(s), 'gtid.source.filter.dml.events': 'false'})
                w.wait_log('Connected to')
                s.sql('INSERT INTO gtid_in.t VALUES (1)')
                w.wait_records('p.gtid_in.t', 1)

    def test_changes_of_included_servers_alone_give_events(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.table(kind, 'gtid_of'), self.start(f'included-{kind}')
                w.create('c', {**connector(s, 'p'), 'database.include.list': 'gtid_of', 'gtid.source.includes': f'[0-9]{{3}},{self.source_of(s)}'})
                w.wait_log('Connected to')
                s.sql('INSERT INTO gtid_of.t VALUES (1)')
                w.wait_records('p.gtid_of.t', 1)

    # ---------------------------------------- inconsistent.schema.handling.mode
    def unknown_table(self, kind, mode):
        """A table that was not captured, nor its DDL kept, is captured from now on."""
        name = f'unknown_{mode}'
        s, w = self.table(kind, name), self.start(f'unknown-{kind}-{mode}')
        config = {**connector(s, 'p'), 'database.include.list': name, 'table.include.list': f'{name}.t', 'schema.history.internal.store.only.captured.tables.ddl': 'true',
                  'inconsistent.schema.handling.mode': mode, 'snapshot.new.tables': 'off'}
        w.create('c', config)
        w.wait_log('Connected to')
        w.request('PUT', '/connectors/c/config', {**config, 'table.include.list': f'{name}.t,{name}.late'})
        return s, w, name

    def test_changes_of_a_table_that_is_not_known_fail_loudly(self):
        """It was altered since, so that the server cannot say what it was."""
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w, name = self.unknown_table(kind, 'fail')
                w.stop()
                s.sql(f'INSERT INTO {name}.late VALUES (1)', f'ALTER TABLE {name}.late ADD COLUMN a INT')
                w.start()
                trace = w.wait_failed('c')
                self.assertIn(f'{name}.late', trace)
                self.assertIn('does not know it', trace)

    def test_changes_of_a_table_that_is_not_known_are_passed_over_if_so_told(self):
        for kind in ('mysql', 'mariadb'):
            for mode in ('warn', 'skip'):
                with self.subTest(kind, mode=mode):
                    s, w, name = self.unknown_table(kind, mode)
                    s.sql(f'INSERT INTO {name}.late VALUES (1)', f'INSERT INTO {name}.t VALUES (1)')
                    w.wait_records(f'p.{name}.t', 1)
                    self.assertEqual(w.topics().get(f'p.{name}.late', 0), 0)
                    self.assertEqual(mode == 'warn', f'{name}.late' in w.log() and 'is passed over' in w.log())

    # -------------------------------------- event.processing.failure.handling.mode
    def test_changes_that_cannot_be_understood_are_passed_over_if_so_told(self):
        """A row image that lacks columns stands for any event that cannot be made a record of."""
        for kind in ('mysql', 'mariadb'):
            for mode in ('warn', 'skip'):
                with self.subTest(kind, mode=mode):
                    name = f'unread_{mode}'
                    s, w = self.table(kind, name), self.start(f'unread-{kind}-{mode}')
                    s.sql(f'ALTER TABLE {name}.t ADD COLUMN a INT DEFAULT 5')
                    w.create('c', {**connector(s, 'p'), 'database.include.list': name, 'event.processing.failure.handling.mode': mode})
                    w.wait_log('Connected to')
                    s.sql('SET SESSION binlog_row_image=MINIMAL', f'INSERT INTO {name}.t (id) VALUES (1)', 'SET SESSION binlog_row_image=FULL', f'INSERT INTO {name}.t VALUES (2, 2)')
                    w.wait_records(f'p.{name}.t', 1)
                    self.assertEqual([e['after'] for e in w.events(f'p.{name}.t')], [{'id': 2, 'a': 2}])
                    self.assertEqual(mode == 'warn', 'is passed over' in w.log())

    # ------------------------------------------------------ transaction metadata
    def test_transactions_count_what_was_told(self):
        """A table of which nothing was told is not in END; nor are rows that an incremental snapshot reads meanwhile."""
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.table(kind, 'counted'), self.start(f'counted-{kind}')
                s.sql('CREATE TABLE counted.sig (id VARCHAR(50) PRIMARY KEY, type VARCHAR(50), data TEXT)', 'INSERT INTO counted.late VALUES (1)')
                w.create('c', {**connector(s, 'p'), 'database.include.list': 'counted', 'skipped.operations': 'c,t', 'provide.transaction.metadata': 'true', 'signal.data.collection': 'counted.sig'})
                w.wait_log('Connected to')
                s.sql('BEGIN', 'INSERT INTO counted.t VALUES (1)', 'UPDATE counted.late SET id = id + 10', 'UPDATE counted.late SET id = id', 'COMMIT')
                s.sql("""INSERT INTO counted.sig VALUES ('s', 'execute-snapshot', '{"data-collections": ["counted.late"]}')""")
                w.wait_log('Incremental snapshot s completed')
                w.wait_records('p.counted.late', 5)
                ends = [e for e in w.events('p.transaction') if e['status'] == 'END']
                self.assertEqual([(e['event_count'], e['data_collections']) for e in ends], [(2, [{'data_collection': 'counted.late', 'event_count': 2}])] + [(0, [])] * (len(ends) - 1))

    # ------------------------------------------------------ guardrail.collections.*
    def test_more_tables_than_the_guardrail_allows(self):
        for kind in ('mysql', 'mariadb'):
            with self.subTest(kind):
                s, w = self.table(kind, 'guard'), self.start(f'guard-{kind}')
                config = {**connector(s, 'p'), 'database.include.list': 'guard', 'guardrail.collections.max': '1', 'guardrail.collections.limit.action': 'fail'}
                w.create('c', config)
                self.assertIn('2 tables are captured, and guardrail.collections.max is 1', w.wait_failed('c'))
                self.assertNotIn('p.guard.t', w.topics())
                w.request('PUT', '/connectors/c/config', {**config, 'guardrail.collections.limit.action': 'warn'})
                w.wait_log('Connected to')
                self.assertIn('2 tables are captured', w.log())


if __name__ == '__main__':
    unittest.main()
