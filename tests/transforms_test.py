"""Transforms in a running connector: what they route to is made and told of, what they fail on is named or left out, what
is wrong with their options is said before anything starts."""
import json, unittest

from fixtures import FOLDER, fresh_database, server
from servers import wait_until
from worker import HttpError, Worker, connector, payload

KAFKA, DEBEZIUM = 'org.apache.kafka.connect.transforms.', 'io.debezium.transforms.'


def chain(**transforms):
    config = {'transforms': ','.join(transforms)}
    for name, options in transforms.items():
        config.update({f'transforms.{name}.{option}': value for option, value in options.items()})
    return config


class Transforms(unittest.TestCase):
    def setUp(self):
        self.server = server('mariadb')
        self.name = 'transforms_' + self._testMethodName[5:25].strip('_')
        fresh_database(self.server, self.name)
        self.server.sql(f'CREATE TABLE {self.name}.t (id INT PRIMARY KEY, text VARCHAR(20))', f"INSERT INTO {self.name}.t VALUES (1, '10'), (2, 'no number'), (3, '30')")
        self.worker = Worker(FOLDER / self.name).start()
        self.addCleanup(self.worker.kill)
        self.topic = f'p.{self.name}.t'

    def config(self, **settings):
        return connector(self.server, 'p', **{'database.include.list': self.name, 'include.schema.changes': 'false', **settings})

    def values(self, topic):
        return [payload(r['v']) for r in self.worker.records(topic) if r['v'] is not None]

    UNWRAP_AND_CAST = chain(unwrap={'type': DEBEZIUM + 'ExtractNewRecordState'}, number={'type': KAFKA + 'Cast$Value', 'spec': 'text:int32'})

    def test_topics_that_they_choose_are_made_and_told_of(self):
        route = chain(route={'type': KAFKA + 'RegexRouter', 'regex': r'p\.(.*)', 'replacement': 'routed.$1'},
                      part={'type': DEBEZIUM + 'partitions.PartitionRouting', 'partition.payload.fields': 'change.id', 'partition.topic.num': '3'})
        self.worker.create('c', self.config(**route, **{'topic.creation.default.partitions': '3', 'topic.creation.default.replication.factor': '1'}))
        routed = 'routed.' + self.name + '.t'
        wait_until('3 rows', lambda: self.worker.topics().get(routed) == 3, 30, self.worker.process)
        self.assertEqual({r['p'] for r in self.worker.records(routed)}, {0, 1, 2})
        self.assertNotIn(self.topic, self.worker.topics())
        told = self.worker.get('/connectors/c/topics')['c']['topics']
        self.assertIn(routed, told)
        self.assertNotIn(self.topic, told)

    def test_a_record_that_one_fails_on_fails_the_task_which_names_it(self):
        self.worker.create('c', self.config(**self.UNWRAP_AND_CAST))
        trace = self.worker.wait_failed('c')
        for part in ('number', 'Cast$Value', self.topic, 'no number'):
            self.assertIn(part, trace)

    def test_or_is_left_out_and_kept_as_a_dead_letter(self):
        self.worker.create('c', self.config(**self.UNWRAP_AND_CAST, **{'errors.tolerance': 'all', 'errors.deadletterqueue.topic.name': 'letters', 'errors.deadletterqueue.context.headers.enable': 'true'}))
        self.worker.wait_running('c')
        self.server.sql(f"INSERT INTO {self.name}.t VALUES (4, '40')")
        wait_until('the other rows', lambda: self.worker.topics().get(self.topic) == 3, 30, self.worker.process)
        self.assertEqual(self.values(self.topic), [{'id': 1, 'text': 10}, {'id': 3, 'text': 30}, {'id': 4, 'text': 40}])
        letter = self.worker.records('letters')
        self.assertEqual([payload(r['v'])['after']['id'] for r in letter], [2])
        headers = dict(letter[0]['h'])
        self.assertEqual((headers['__connect.errors.topic'], headers['__connect.errors.connector.name'], headers['__connect.errors.stage']), (self.topic, 'c', 'TRANSFORMATION'))
        self.assertIn('no number', headers['__connect.errors.exception.message'])
        self.assertIn('kafka_connect_task_error_metrics_total_records_skipped{connector="c",task="0"} 1', self.worker.request('GET', '/metrics')[1].decode())

    def script(self, kind, **options):
        return chain(s={'type': DEBEZIUM + kind, 'language': 'jsr223.graal.js', **options})

    def test_scripts_choose_records_and_topics_whatever_the_converter(self):
        self.server.sql(f"ALTER TABLE {self.name}.t ADD price DECIMAL(10,2) NOT NULL DEFAULT 1.50, ADD note VARCHAR(10) NULL DEFAULT 'none'",
                        f"INSERT INTO {self.name}.t VALUES (4, '40', 99.95, NULL)")
        condition = "value.after.price == 99.95 || value.after.text == '10'"
        for number, converter in enumerate(({}, {'value.converter.schemas.enable': 'false'}, {'value.converter.decimal.format': 'NUMERIC'}, {'value.converter.replace.null.with.default': 'false'})):
            with self.subTest(converter):
                settings = {f'{k}': 'org.apache.kafka.connect.json.JsonConverter' for k in ('key.converter', 'value.converter')}
                chosen = {**self.script('Filter', condition=condition), 'topic.prefix': f'q{number}', **settings, **converter}
                topic = f'q{number}.{self.name}.t'
                self.worker.create(f'c{number}', {**self.config(), **chosen})
                wait_until('2 rows', lambda: self.worker.topics().get(topic) == 2, 30, self.worker.process)
                found = [value['after'] for value in self.values(topic)]
                self.assertEqual([(row['id'], row['note']) for row in found], [(1, 'none'), (4, None if number == 3 else 'none')])
        self.worker.create('routed', {**self.config(), **self.script('ContentBasedRouter', **{'topic.expression': "value.after.id > 2 ? 'high' : null"}), 'topic.prefix': 'r'})
        wait_until('all rows', lambda: (self.worker.topics().get('high'), self.worker.topics().get(f'r.{self.name}.t')) == (2, 2), 30, self.worker.process)
        self.assertIn('high', self.worker.get('/connectors/routed/topics')['routed']['topics'])

    def test_a_script_that_runs_away_fails_the_task_which_names_it(self):
        self.worker.create('c', self.config(**self.script('Filter', condition='while (value.after.id == 2) {} true', **{'script.time.limit.ms': '50'})))
        trace = self.worker.wait_failed('c')
        for part in ('io.debezium.transforms.Filter', self.topic, 'while (value.after.id == 2)', 'script.time.limit.ms=50'):
            self.assertIn(part, trace)

    def test_a_script_of_ones_own_changes_whole_records(self):
        script = '''record => {
            if (record.value === null || record.value.after === null) return null;
            const row = record.value.after;
            row.words = row.text.split(' ').length;
            delete row.text;
            record.topic += row.id > 2 ? '.high' : '.low';
            record.headers.push({key: 'by', value: 'script'});
            return record;
        }'''
        for prefix, converter in (('p', {}), ('q', {'value.converter': 'org.apache.kafka.connect.json.JsonConverter', 'value.converter.schemas.enable': 'false'})):
            with self.subTest(prefix):
                self.worker.create(prefix, {**self.config(**chain(own={'type': 'millrace.Script', 'script': script})), **converter, 'topic.prefix': prefix})
                self.worker.wait_running(prefix)
                self.server.sql(f'DELETE FROM {self.name}.t WHERE id = 1', f"INSERT INTO {self.name}.t VALUES (1, 'one more row')")
                low, high = f'{prefix}.{self.name}.t.low', f'{prefix}.{self.name}.t.high'
                wait_until('4 rows', lambda: (self.worker.topics().get(low), self.worker.topics().get(high)) == (3, 1), 30, self.worker.process)
                self.assertEqual([value['after'] for value in self.values(low)][-2:], [{'id': 2, 'words': 2}, {'id': 1, 'words': 3}])
                self.assertEqual([dict(record['h']).get('by') for record in self.worker.records(high)], ['script'])
                if not converter:
                    after = next(f for f in json.loads(self.worker.records(low)[0]['v'])['schema']['fields'] if f['field'] == 'after')
                    self.assertEqual([(f['field'], f['type'], f['optional']) for f in after['fields']], [('id', 'int32', False), ('words', 'int64', True)])

    def test_wrong_options_are_refused_by_property(self):
        wrong = {
            'transforms.a.type': chain(a={'type': 'com.example.Mine'}),
            'transforms.b.spec': chain(b={'type': KAFKA + 'Cast$Value', 'spec': 'x:decimal'}),
            'transforms.c.regex': chain(c={'type': KAFKA + 'RegexRouter', 'regex': '(', 'replacement': 'x'}),
            'transforms.d.type': chain(d={'type': KAFKA + 'Cast', 'spec': 'x:int8'}),
            'transforms.e.predicate': chain(e={'type': KAFKA + 'Filter', 'predicate': 'nobody'}),
            'transforms.f.fields': chain(f={'type': KAFKA + 'MaskField$Value'}),
            'predicates.p.pattern': {'predicates': 'p', 'predicates.p.type': KAFKA + 'predicates.TopicNameMatches', 'predicates.p.pattern': '['},
            'transforms.g.delete.tombstone.handling.mode': chain(g={'type': DEBEZIUM + 'ExtractNewRecordState', 'delete.tombstone.handling.mode': 'perhaps'}),
            'transforms.h.condition': chain(h={'type': DEBEZIUM + 'Filter', 'language': 'jsr223.graal.js', 'condition': 'value.op =='}),
            'transforms.i.condition': chain(i={'type': DEBEZIUM + 'Filter', 'language': 'jsr223.groovy', 'condition': 'System.exit(1)'}),
            'transforms.j.language': chain(j={'type': DEBEZIUM + 'Filter', 'language': 'wasm.chicory', 'condition': 'file:x'}),
            'transforms.k.topic.expression': chain(k={'type': DEBEZIUM + 'ContentBasedRouter', 'language': 'jsr223.groovy'}),
            'transforms.l.script': chain(l={'type': 'millrace.Script', 'script': 'record => {'}),
            'transforms.m.script': chain(m={'type': 'millrace.Script', 'script': '"no function"'}),
            'value.converter': {'value.converter': 'com.example.Converter'},
        }
        for name, settings in wrong.items():
            with self.subTest(name):
                config = self.config(**settings)
                reply = self.worker.request('PUT', f"/connector-plugins/{config['connector.class']}/config/validate", {**config, 'name': 'c'})
                errors = {c['value']['name']: c['value']['errors'] for c in json.loads(reply[1])['configs'] if c['value']['errors']}
                self.assertIn(name, errors)
                with self.assertRaises(HttpError):
                    self.worker.create('c', config)

    def test_all_of_them_are_listed_as_plugins(self):
        plugins = {p['class']: p['type'] for p in self.worker.get('/connector-plugins?connectorsOnly=false')}
        self.assertEqual(plugins[DEBEZIUM + 'outbox.EventRouter'], 'transformation')
        self.assertEqual(plugins[KAFKA + 'Cast$Key'], 'transformation')
        self.assertEqual(plugins[KAFKA + 'predicates.TopicNameMatches'], 'predicate')
        self.assertEqual(plugins['io.debezium.converters.CloudEventsConverter'], 'converter')


if __name__ == '__main__':
    unittest.main()
