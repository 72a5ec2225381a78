"""JSON with its schema in a registry: Confluent's JsonSchemaConverter and Apicurio's ExtJsonConverter. Values are held against their
schemas by a validator that nobody here wrote (python3-jsonschema), and equal what JsonConverter writes of the same rows."""
import json

import jsonschema

from apicurio import Apicurio
from avro_test import AvroTestCase, bytes_of
from fixtures import FOLDER
from worker import HttpError

CONFLUENT = 'io.confluent.connect.json.JsonSchemaConverter'
APICURIO = 'io.apicurio.registry.utils.converter.ExtJsonConverter'


class JsonSchemaConverters(AvroTestCase):
    """With Apicurio."""
    def make_registry(self):
        return Apicurio(FOLDER / (self.name + '-registry')).start()

    def both(self, converter, **settings):
        return {f'{side}.converter{k}': v for side in ('key', 'value') for k, v in {'': converter, **settings}.items()}

    def fill(self):
        self.server.sql(f"CREATE TABLE {self.name}.t (id INT PRIMARY KEY, s VARCHAR(30) DEFAULT 'dflt', d DECIMAL(12,2) NOT NULL, f FLOAT, b DOUBLE, n SMALLINT, big BIGINT, j JSON, e ENUM('a','b'), bin VARBINARY(9), "
                        "da DATE, ti TIME(6), flag TINYINT(1))",
                        f"INSERT INTO {self.name}.t VALUES (1, 'one', 1.25, 1.5, -1e3, 7, 9007199254740993, '{{}}', 'a', x'00ff', '2024-02-29', '11:22:33.5', 1), (2, NULL, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")

    def stream(self, name, **settings):
        self.worker.create(name, self.config(name, **settings))
        topic = f'{name}.{self.name}.t'
        self.worker.wait_records(topic, 2)  # of the snapshot
        return topic

    def parts(self, text):
        raw = bytes_of(text)
        self.assertEqual(raw[0], 0)
        number = int.from_bytes(raw[1:5], 'big')
        return number, json.loads(raw[5:])

    def plain(self, topic, name):
        """What JsonConverter wrote, as the connector NAME has it."""
        as_named = lambda text: None if text is None else json.loads(text.replace('"name":"plain"', f'"name":"{name}"'))
        return [(as_named(r['k']), as_named(r['v'])) for r in self.worker.records(topic)]

    def same(self, ours, theirs):
        moving = lambda event: {**event, **{k: 0 for k in ('ts_ms', 'ts_us', 'ts_ns')}, 'source': {**event['source'], **{k: 0 for k in ('ts_ms', 'ts_us', 'ts_ns')}}}
        self.assertEqual(moving(ours), moving(theirs))

    def test_values_are_of_the_schemas_that_are_registered(self):
        self.fill()
        numeric = {'.decimal.format': 'NUMERIC', '.schemas.enable': 'false'}
        plain = self.stream('plain', **self.both('org.apache.kafka.connect.json.JsonConverter', **numeric))
        topic = self.stream('json', **self.both(CONFLUENT, **{'.schema.registry.url': self.registry.url, '.decimal.format': 'NUMERIC'}))
        self.server.sql(f"UPDATE {self.name}.t SET s = 'again', d = d + 1", f'DELETE FROM {self.name}.t')
        for one in (plain, topic):
            self.worker.wait_records(one, 8)
        compared = 0
        for record, (want_key, want) in zip(self.worker.records(topic), self.plain(plain, 'json'), strict=True):
            number, key = self.parts(record['k'])
            self.assertEqual(key, want_key)
            jsonschema.Draft7Validator(self.registry.schema(number)).validate(key)
            if want is None:
                self.assertIsNone(record['v'])
                continue
            number, value = self.parts(record['v'])
            self.same(value, want)
            schema = self.registry.schema(number)
            jsonschema.Draft7Validator.check_schema(schema)
            jsonschema.Draft7Validator(schema).validate(value)
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.Draft7Validator(schema).validate({**value, 'op': 7})
            compared += 1
        self.assertEqual(compared, 6)
        self.assertEqual(self.registry.subjects, {f'{topic}-key', f'{topic}-value'})
        row = next(one for one in schema['properties']['after']['oneOf'] if one['type'] == 'object')
        self.assertEqual(row['title'], f'{topic}.Value')
        self.assertEqual(row['properties']['id'], {'type': 'integer', 'connect.index': 0, 'connect.type': 'int32'})
        self.assertEqual(row['properties']['s'], {'oneOf': [{'type': 'null'}, {'type': 'string', 'default': 'dflt'}], 'connect.index': 1})
        self.assertEqual({k: row['properties']['d'][k] for k in ('type', 'title', 'connect.type', 'connect.version')},
                         {'type': 'number', 'title': 'org.apache.kafka.connect.data.Decimal', 'connect.type': 'bytes', 'connect.version': 1})

    def test_strategies_and_options(self):
        self.fill()
        self.stream('named', **self.both(CONFLUENT, **{'.schema.registry.url': self.registry.url, '.object.additional.properties': 'false',
                                                       '.value.subject.name.strategy': 'io.confluent.kafka.serializers.subject.RecordNameStrategy'}))
        self.assertEqual(self.registry.subjects, {f'named.{self.name}.t-key', f'named.{self.name}.t.Envelope'})
        number, value = self.parts(self.worker.records(f'named.{self.name}.t')[0]['v'])
        schema = self.registry.schema(number)
        self.assertIs(schema['additionalProperties'], False)
        self.assertEqual(value['after']['d'], 'fQ==')  # BASE64 of 125
        with self.assertRaises(HttpError) as refused:
            self.worker.create('x', self.config('x', **self.both(CONFLUENT, **{'.schema.registry.url': self.registry.url, '.decimal.format': 'HEX'})))
        self.assertIn('decimal.format', refused.exception.body)

    def test_apicurio_has_connects_own_schema_and_the_id_beside_the_payload(self):
        self.fill()
        plain = self.stream('plain', **self.both('org.apache.kafka.connect.json.JsonConverter'))
        for version, kind in ((2, 'globalIds'), (3, 'contentIds')):
            with self.subTest(version):
                topic = self.stream(f'a{version}', **self.both(APICURIO, **{'.apicurio.registry.url': f'{self.registry.root}/registry/v{version}', '.apicurio.registry.auto-register': 'true'}))
                for record, (want_key, want) in zip(self.worker.records(topic), self.plain(plain, f'a{version}')):
                    for text, whole in ((record['k'], want_key), (record['v'], want)):
                        ours = json.loads(text)
                        self.assertEqual(list(ours), ['schemaId', 'payload'])
                        schema = self.registry.get(f'/registry/v{version}/ids/{kind}/{ours["schemaId"]}')
                        self.assertEqual(schema, json.loads(json.dumps(whole['schema']).replace('plain.', f'a{version}.')))
                    self.same(ours['payload'], want['payload'])
