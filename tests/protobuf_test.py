"""Protobuf through a schema registry: what is written is read back with protoc and Google's own library, by the schema that is registered,
and equals what JsonConverter writes of the same rows."""
import base64, json, subprocess

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from apicurio import Apicurio
from avro_test import AvroTestCase, bytes_of
from fixtures import FOLDER
from worker import HttpError

PROTOBUF = 'io.confluent.connect.protobuf.ProtobufConverter'
# What Confluent's and Google's files of these names say, as far as it counts here.
IMPORTS = {
    'confluent/meta.proto': 'syntax = "proto3"; package confluent; import "google/protobuf/descriptor.proto"; message Meta { string doc = 1; map<string, string> params = 2; } extend google.protobuf.FieldOptions { Meta field_meta = 1088; }',
    'confluent/type/decimal.proto': 'syntax = "proto3"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }',
    'google/type/date.proto': 'syntax = "proto3"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }',
    'google/type/timeofday.proto': 'syntax = "proto3"; package google.type; message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }',
}


class Protobuf(AvroTestCase):
    """With Apicurio."""
    def make_registry(self):
        return Apicurio(FOLDER / (self.name + '-registry')).start()

    def both(self, **settings):
        return {f'{side}.converter{k}': v for side in ('key', 'value') for k, v in {'': PROTOBUF, '.schema.registry.url': self.registry.url, **settings}.items()}

    def fill(self):
        self.server.sql(f"CREATE TABLE {self.name}.t (id INT PRIMARY KEY, s VARCHAR(30) DEFAULT 'dflt', d DECIMAL(12,2) NOT NULL, f FLOAT, b DOUBLE, n SMALLINT, big BIGINT, bin VARBINARY(9), dt DATETIME(3), da DATE, ti TIME(3), "
                        'flag TINYINT(1), g GEOMETRY)',
                        f"INSERT INTO {self.name}.t VALUES (1, 'one', 1.25, 1.5, -1e3, 7, -9007199254740993, x'00ff', '1969-12-31 23:59:59.250', '2024-02-29', '11:22:33.5', 1, ST_GeomFromText('POINT(1 2)')), "
                        "(2, NULL, -2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, '', 0, 0, 0, 0, 0, '', '1970-01-01', '1970-01-01', '00:00:00', 0, NULL)")

    def message_class(self, number, name):
        """protoc's verdict on the registered file, and the class of its message."""
        if number not in self.classes:
            folder = FOLDER / f'{self.name}-{number}'
            for path, text in {**IMPORTS, 'registered.proto': self.registry.get(f'/ccompat/v7/schemas/ids/{number}')['schema']}.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text)
            subprocess.run(['protoc', '-I', folder, '-I', '/usr/include', '--include_imports', f'--descriptor_set_out={folder}/set', 'registered.proto'], check=True)
            files, pool = descriptor_pb2.FileDescriptorSet.FromString((folder / 'set').read_bytes()), descriptor_pool.DescriptorPool()
            for file in files.file:
                pool.Add(file)
            self.classes[number] = message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(name))
        return self.classes[number]

    def message(self, text, name):
        raw = bytes_of(text)
        self.assertEqual((raw[0], raw[5]), (0, 0))
        return self.message_class(int.from_bytes(raw[1:5], 'big'), name).FromString(raw[6:])

    def stream(self, prefix, **settings):
        self.worker.create(prefix, self.config(prefix, **{'time.precision.mode': 'connect', **settings}))
        topic = f'{prefix}.{self.name}.t'
        self.worker.wait_records(topic, 3)
        return topic

    def setUp(self):
        super().setUp()
        self.classes = {}

    def test_messages_say_what_json_says(self):
        self.fill()
        plain = self.stream('plain')
        topic = self.stream('proto', **self.both())
        self.server.sql(f"UPDATE {self.name}.t SET d = d + 1", f'DELETE FROM {self.name}.t WHERE id = 2')
        for one in (plain, topic):
            self.worker.wait_records(one, 8)
        for ours, theirs in zip(self.worker.records(topic), self.worker.records(plain), strict=True):
            self.assertEqual(self.message(ours['k'], f'{topic}.Key').id, json.loads(theirs['k'])['payload']['id'])
            if theirs['v'] is None:
                self.assertIsNone(ours['v'])
                continue
            want, event = json.loads(theirs['v'])['payload'], self.message(ours['v'], f'{topic}.Envelope')
            self.assertEqual((event.op, event.source.connector, event.source.table, event.source.pos), (want['op'], 'mariadb', 't', want['source']['pos']))
            for image in ('before', 'after'):
                self.assertEqual(event.HasField(image), want[image] is not None)
                if want[image]:
                    self.same(getattr(event, image), want[image])

    def same(self, row, want):
        zero = lambda value, other: other if value is None else value
        for field in ('id', 's', 'n', 'big', 'flag', 'f', 'b'):
            self.assertEqual(getattr(row, field), zero(want[field], '' if field == 's' else 0), field)
        self.assertEqual(row.bin, base64.b64decode(want['bin'] or ''))
        self.assertEqual((row.d.value, row.d.scale), (base64.b64decode(want['d']), 2))
        self.assertEqual([row.HasField(field) for field in ('dt', 'da', 'ti', 'g')], [want[field] is not None for field in ('dt', 'da', 'ti', 'g')])
        if want['dt'] is not None:
            self.assertEqual(row.dt.seconds * 1000 + row.dt.nanos // 1000000, want['dt'])
            self.assertGreaterEqual(row.dt.nanos, 0)
        if row.id == 1:
            self.assertEqual((row.da.year, row.da.month, row.da.day), (2024, 2, 29))
            self.assertEqual((row.ti.hours, row.ti.minutes, row.ti.seconds, row.ti.nanos), (11, 22, 33, 500000000))
            self.assertEqual((row.g.wkb, row.g.srid), (base64.b64decode(want['g']['wkb']), want['g']['srid'] or 0))

    def test_nulls_are_told_where_that_is_asked_for(self):
        self.fill()
        for prefix, options in (('plainly', {}), ('opt', {'.optional.for.nullables': 'true'}), ('wrap', {'.wrapper.for.nullables': 'true'}), ('own', {'.optional.for.nullables': 'true', '.ignore.default.for.nullables': 'true'})):
            with self.subTest(prefix):
                topic = self.stream(prefix, **self.both(**options))
                full, empty, zero = (self.message(r['v'], f'{topic}.Envelope').after for r in self.worker.records(topic))
                if options:
                    self.assertEqual([(empty.HasField(f), zero.HasField(f), full.HasField(f)) for f in ('n', 'big', 'f', 'bin', 'flag')], [(False, True, True)] * 5)
                    self.assertEqual(empty.HasField('s'), prefix != 'own')  # the default stands for the null
                    self.assertEqual(full.n.value if prefix == 'wrap' else full.n, 7)
                else:
                    self.assertEqual((empty.n, zero.n, empty.s), (0, 0, 'dflt'))

    def test_what_has_no_message_is_refused(self):
        self.fill()
        self.worker.create('k', self.config('k', **{**self.both(), 'transforms': 'e', 'transforms.e.type': 'org.apache.kafka.connect.transforms.ExtractField$Key', 'transforms.e.field': 'id'}))
        self.assertIn('Protobuf has messages only, and this is a int32', self.worker.wait_failed('k'))
        self.worker.create('with-dash', self.config('with-dash', **self.both()))
        self.assertIn('schema.name.adjustment.mode=avro', self.worker.wait_failed('with-dash'))
        with self.assertRaises(HttpError) as refused:
            self.worker.create('x', self.config('x', **self.both(**{'.scrub.invalid.names': 'true'})))
        self.assertIn('scrub.invalid.names', refused.exception.body)
