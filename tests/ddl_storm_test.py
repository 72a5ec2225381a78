"""Generated DDL of all kinds over many tables, with rows between the statements and restarts in between: the columns of
every event are those that the server's information_schema named at that moment, and its values are the row's."""
import json, random, unittest

from fixtures import FOLDER, LONG, fresh_database, server
from servers import wait_until
from worker import Worker, connector

TYPES = {  # declaration: the type in an event's schema, and a value as SQL and as JSON
    'INT': ('int32', '7', 7), 'BIGINT': ('int64', '70', 70), 'SMALLINT UNSIGNED': ('int32', '9', 9), 'TINYINT(1)': ('int16', '1', 1),
    'VARCHAR(20)': ('string', "'ä'", 'ä'), 'CHAR(3) CHARACTER SET latin1': ('string', "'é'", 'é'), 'TEXT': ('string', "'text'", 'text'),
    'DOUBLE': ('double', '1.5', 1.5), 'DATE': ('int32', "'1970-01-03'", 2), 'DATETIME(3)': ('int64', "'1970-01-01 00:00:01.5'", 1500),
    "ENUM('x','y')": ('string', "'y'", 'y'), 'BIT(1)': ('boolean', "b'1'", True), 'YEAR': ('int32', '2001', 2001),
}


class Storm:
    """The tables as the statements leave them, and what each event must show."""
    def __init__(self, s, database, seed):
        self.s, self.database, self.random = s, database, random.Random(seed)
        self.tables = {}     # name: {column: declaration}, in order
        self.expected = []   # (table, [(column, type)], {column: value})
        self.serial, self.statements, self.kinds = 0, 0, {}
        self.connection = s.connect()
        self.cursor = self.connection.cursor()
        self.cursor.execute(f'USE `{database}`')

    def name(self, prefix):
        self.serial += 1
        return f'{prefix}{self.serial}'

    def quoted(self, name):
        return self.random.choice([f'`{name}`', name, f'`{self.database}`.`{name}`'])

    def run(self, kind, sql):
        self.cursor.execute(self.random.choice(['', '/* c */ ', '-- c\n']) + sql + self.random.choice(['', ' ', ' -- end']))
        self.statements += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def place(self, columns):
        return self.random.choice(['', ' FIRST', f' AFTER `{self.random.choice(list(columns))}`']) if columns else ''

    def put(self, columns, place, name, declaration):
        items = [(k, v) for k, v in columns.items() if k != name]
        if place == ' FIRST':
            items.insert(0, (name, declaration))
        elif place:
            items.insert([k for k, _ in items].index(place.split('`')[1]) + 1, (name, declaration))
        else:
            items.append((name, declaration))
        columns.clear()
        columns.update(items)

    def create(self):
        name = self.name('t')
        columns = {'id': 'INT', **{self.name('c'): self.random.choice(list(TYPES)) for _ in range(self.random.randint(1, 4))}}
        body = ', '.join(f'`{c}` {d}' + (' NOT NULL PRIMARY KEY' if c == 'id' else '') for c, d in columns.items())
        self.run('create', f'CREATE TABLE {self.random.choice(["", "IF NOT EXISTS "])}{self.quoted(name)} ({body}) COMMENT=\'a, (b) "c"\'')
        self.tables[name] = columns

    def create_like(self, table):
        name = self.name('t')
        self.run('create like', f'CREATE TABLE {self.quoted(name)} LIKE {self.quoted(table)}')
        self.tables[name] = dict(self.tables[table])

    def add(self, table):
        columns = self.tables[table]
        parts, made = [], []
        for _ in range(self.random.randint(1, 3)):
            name, declaration = self.name('c'), self.random.choice(list(TYPES))
            place = self.place(columns)
            default = self.random.choice(['', ' NULL', f' DEFAULT {TYPES[declaration][1]}' if 'TEXT' not in declaration else ''])
            parts.append(f'ADD {self.random.choice(["", "COLUMN "])}`{name}` {declaration}{default}{place}')
            self.put(columns, place, name, declaration)
        self.run('add', f'ALTER TABLE {self.quoted(table)} ' + ', '.join(parts))

    def drop_column(self, table):
        column = self.random.choice([c for c in self.tables[table] if c != 'id'] or [None])
        if column is None:
            return self.add(table)
        del self.tables[table][column]
        self.run('drop column', f'ALTER TABLE {self.quoted(table)} DROP {self.random.choice(["", "COLUMN "])}`{column}`')

    def modify(self, table):
        column = self.random.choice([c for c in self.tables[table] if c != 'id'] or [None])
        if column is None:
            return self.add(table)
        declaration = self.random.choice(list(TYPES))
        others = [c for c in self.tables[table] if c != column]
        place = self.place(others)
        self.cursor.execute(f'DELETE FROM {self.quoted(table)}')
        self.deleted = True
        if self.random.random() < 0.5:
            self.run('modify', f'ALTER TABLE {self.quoted(table)} MODIFY COLUMN `{column}` {declaration}{place}')
            name = column
        else:
            name = self.name('c')
            self.run('change', f'ALTER TABLE {self.quoted(table)} CHANGE `{column}` `{name}` {declaration}{place}')
        columns = self.tables[table]
        if place:
            del columns[column]
            self.put(columns, place, name, declaration)
        else:
            self.tables[table] = {(name if k == column else k): (declaration if k == column else v) for k, v in columns.items()}

    def rename_column(self, table):
        column = self.random.choice([c for c in self.tables[table] if c != 'id'] or [None])
        if column is None:
            return self.add(table)
        name = self.name('c')
        self.run('rename column', f'ALTER TABLE {self.quoted(table)} RENAME COLUMN `{column}` TO `{name}`')
        self.tables[table] = {(name if k == column else k): v for k, v in self.tables[table].items()}

    def rename(self, table):
        name = self.name('t')
        self.run('rename', self.random.choice([f'RENAME TABLE {self.quoted(table)} TO {self.quoted(name)}', f'ALTER TABLE {self.quoted(table)} RENAME TO {self.quoted(name)}']))
        self.tables[name] = self.tables.pop(table)

    def swap(self, table):
        other = self.random.choice(list(self.tables))
        if other == table:
            return self.rename(table)
        third = self.name('t')
        self.run('swap', f'RENAME TABLE {self.quoted(table)} TO {self.quoted(third)}, {self.quoted(other)} TO {self.quoted(table)}, {self.quoted(third)} TO {self.quoted(other)}')
        self.tables[table], self.tables[other] = self.tables[other], self.tables[table]

    def drop(self, table):
        self.run('drop', f'DROP TABLE {self.random.choice(["", "IF EXISTS "])}{self.quoted(table)}')
        del self.tables[table]

    def aside(self, table):
        """What changes no column."""
        column = self.random.choice(list(self.tables[table]))
        index = self.name('i')
        length = '(3)' if 'TEXT' in self.tables[table][column] else ''
        self.run('index', f'CREATE INDEX {index} ON {self.quoted(table)} (`{column}`{length})')
        self.run('drop index', f'DROP INDEX {index} ON {self.quoted(table)}')
        view = self.name('v')
        self.run('view', f'CREATE OR REPLACE VIEW {view} AS SELECT * FROM {self.quoted(table)}')
        self.run('drop view', f'DROP VIEW {view}')
        self.run('comment', f"ALTER TABLE {self.quoted(table)} COMMENT='it''s; a \"comment\"'")
        self.run('truncate', f'TRUNCATE TABLE {self.quoted(table)}')
        self.expected.append((table, None, 't'))

    def insert(self, table):
        """Writes a row and notes what information_schema says of the table now."""
        columns = self.tables[table]
        self.serial += 1
        values = {c: (str(self.serial), self.serial) if c == 'id' else TYPES[d][1:] for c, d in columns.items()}
        self.cursor.execute(f'INSERT INTO `{table}` ({", ".join(f"`{c}`" for c in values)}) VALUES ({", ".join(v[0] for v in values.values())})')
        self.connection.commit()
        self.cursor.execute(f"SELECT column_name FROM information_schema.columns WHERE table_schema = '{self.database}' AND table_name = '{table}' ORDER BY ordinal_position")
        names = [row[0] for row in self.cursor.fetchall()]
        types = {c: 'int32' if c == 'id' else TYPES[d][0] for c, d in columns.items()}
        self.expected.append((table, [(n, types[n]) for n in names], {c: v[1] for c, v in values.items()}))

    def step(self):
        if len(self.tables) < 20:
            self.create()
            table = list(self.tables)[-1]
        else:
            table = self.random.choice(list(self.tables))
            act = self.random.choice([self.add] * 4 + [self.drop_column] * 3 + [self.modify] * 3 + [self.rename_column, self.rename, self.swap, self.drop, self.create_like, self.aside])
            act(table)
            table = self.random.choice(list(self.tables)) if self.random.random() < 0.3 or table not in self.tables else table
        self.insert(table)


class DdlStorm(unittest.TestCase):
    def storm(self, kind):
        count = 2000 if LONG else 400
        s = server(kind)
        database = fresh_database(s, 'storm')
        w = Worker(FOLDER / f'storm-{kind}').start()
        self.addCleanup(w.kill)
        w.create('c', {**connector(s, 'd'), 'database.include.list': database, 'skipped.operations': 'd', 'include.schema.changes': 'false'})
        w.wait_log('Connected to')
        storm, restarts = Storm(s, database, seed=3), 0
        while storm.statements < count:
            storm.step()
            if storm.random.random() < 0.02:
                restarts += 1
                if storm.random.random() < 0.5:
                    w.kill()
                    w.start(wait=False)
                else:
                    wait_until('the worker answering', w.answers, 20, w.process)
                    w.request('POST', '/connectors/c/restart?includeTasks=true')
        wait_until('the worker answering', w.answers, 20, w.process)
        total = lambda: sum(n for t, n in w.topics().items() if t.startswith(f'd.{database}.'))
        wait_until(f'{len(storm.expected)} events', lambda: total() >= len(storm.expected), 120, w.process)
        wrong, seen = [], {t: iter([json.loads(r['v']) for r in w.records(t)]) for t in w.topics() if t.startswith(f'd.{database}.')}
        for table, columns, values in storm.expected:
            e = next(seen[f'd.{database}.{table}'], None)
            after = e['schema']['fields'][1]['fields']
            if values == 't':
                if e['payload']['op'] != 't':
                    wrong.append((table, 'truncate', e['payload']['op']))
                continue
            shown = [(f['field'], f['type']) for f in after]
            if shown != columns or e['payload']['after'] != values:
                wrong.append((table, columns, shown, values, e['payload']['after']))
        print(f'    {kind}: {storm.statements} statements of {len(storm.kinds)} kinds over {len(storm.tables)} tables, {len(storm.expected)} events, {restarts} restarts: {len(wrong)} wrong', flush=True)
        self.assertEqual(wrong[:3], [])
        self.assertEqual(w.stop(), 0)

    def test_mysql(self):
        self.storm('mysql')

    def test_mariadb(self):
        self.storm('mariadb')


if __name__ == '__main__':
    unittest.main()
