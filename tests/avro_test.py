"""Avro through a schema registry: what is written is read back with an Avro library that nobody here wrote (fastavro), and
equals what the JSON converter writes of the same rows, value by value."""
import base64, decimal, http.server, io, json, sys, threading, time, unittest, urllib.parse, urllib.request

from apicurio import Apicurio
from fixtures import FOLDER, LONG, fresh_database, server
from kafka import CACHE
from servers import wait_until
from worker import HttpError, Worker, connector

sys.path.append(str(CACHE / 'python'))
import fastavro

AVRO = 'io.confluent.connect.avro.AvroConverter'


class Registry(http.server.ThreadingHTTPServer):
    """A stand-in with the part of Confluent's API that converters use: subjects, versions, ids; it can be away, and ask for
    a name and password."""
    def __init__(self, port=0, user=None, state=None):
        self.user, self.requests = user, 0
        self.tokens, self.takes, self.forms, self.headers = 0, None, [], []  # those given, the one that is taken; None: none is asked for
        self.schemas, self.subjects = state or ({}, {})
        super().__init__(('127.0.0.1', port), Handler)
        self.url = f'http://127.0.0.1:{self.server_port}/apis/ccompat/v7'
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def id_of(self, text):
        return self.schemas.setdefault(json.dumps(json.loads(text)), len(self.schemas) + 1)

    def schema(self, number):
        return json.loads(next(text for text, known in self.schemas.items() if known == number))


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/vnd.schemaregistry.v1+json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.handle_request(None)

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.path.endswith('/token'):
            self.server.forms.append((self.path, self.headers['Content-Type'], urllib.parse.parse_qs(body.decode())))
            if 'wrong' in body.decode():
                return self.answer(401, {'error': 'invalid_client'})
            self.server.tokens += 1
            self.server.takes = f'token{self.server.tokens}'
            return self.answer(200, {'access_token': self.server.takes, 'expires_in': 3600, 'token_type': 'Bearer'})
        self.handle_request(json.loads(body))

    def handle_request(self, body):
        registry = self.server
        registry.requests += 1
        registry.headers.append(dict(self.headers))
        if registry.takes and self.headers.get('Authorization') != f'Bearer {registry.takes}':
            return self.answer(401, {'error_code': 401, 'message': 'Unauthorized'})
        if registry.user and self.headers.get('Authorization') != 'Basic ' + base64.b64encode(registry.user.encode()).decode():
            return self.answer(401, {'error_code': 401, 'message': 'Unauthorized'})
        parts = self.path.removeprefix('/apis/ccompat/v7').split('/')
        subject = parts[2]
        versions = registry.subjects.setdefault(subject, [])
        if body is None:
            return self.answer(200, {'id': versions[-1][0], 'schema': versions[-1][1]}) if versions else self.answer(404, {'error_code': 40401, 'message': 'Subject not found.'})
        if len(parts) == 3:
            known = [i for i, text in versions if json.loads(text) == json.loads(body['schema'])]
            return self.answer(200, {'id': known[0]}) if known else self.answer(404, {'error_code': 40403, 'message': 'Schema not found'})
        if 'refused' in subject:
            return self.answer(409, {'error_code': 409, 'message': 'Schema being registered is incompatible with an earlier schema'})
        number = registry.id_of(body['schema'])
        if number not in [i for i, _ in versions]:
            versions.append((number, body['schema']))
        self.answer(200, {'id': number})


def bytes_of(text):
    """Of a record as `topics export` gives it."""
    return base64.b64decode(text.removeprefix('base64:')) if text.startswith('base64:') else text.encode()


class AvroTestCase(unittest.TestCase):
    def setUp(self):
        self.server = server('mariadb')
        self.name = 'avro_' + self._testMethodName[5:20].strip('_')
        fresh_database(self.server, self.name)
        self.registry = self.make_registry()
        self.addCleanup(lambda: self.registry.stop())
        self.worker = Worker(FOLDER / self.name).start()
        self.addCleanup(self.worker.kill)
        self.topic = f'p.{self.name}.t'

    def config(self, prefix='p', **settings):
        return connector(self.server, prefix, **{'database.include.list': self.name, 'include.schema.changes': 'false', **settings})

    def avro(self, **settings):
        sides = {f'{side}.converter{k}': v for side in ('key', 'value') for k, v in {'': AVRO, '.schema.registry.url': self.registry.url, **settings}.items()}
        return self.config(**sides)

    def read(self, text):
        """(id, value)"""
        raw = bytes_of(text)
        self.assertEqual(raw[0], 0)
        number = int.from_bytes(raw[1:5], 'big')
        return number, fastavro.schemaless_reader(io.BytesIO(raw[5:]), fastavro.parse_schema(self.registry.schema(number)))


class Avro(AvroTestCase):
    """With Apicurio."""
    def make_registry(self):
        return Apicurio(FOLDER / (self.name + '-registry')).start()

    def test_mixed_events_equal_the_json_ones(self):
        count = 100_000 if LONG else 5_000
        self.server.sql(f"CREATE TABLE {self.name}.t (id INT PRIMARY KEY, s VARCHAR(30) DEFAULT 'dflt', d DECIMAL(12,2), f FLOAT, b DOUBLE, n SMALLINT, big BIGINT, j JSON, "
                        f"e ENUM('a','b'), bits BIT(9), bin VARBINARY(9), dt DATETIME(3), da DATE, ti TIME(6), y YEAR, flag TINYINT(1))")
        rows = ','.join(f"({i},{'NULL' if i % 3 == 0 else repr('text ' + chr(228) * (i % 5))},{i}.25,{i}.5,-{i}e3,{i % 30000},{i * 1000003},'{{\"a\":{i}}}','{'ab'[i % 2]}',b'{i % 512:09b}',x'{i % 256:02x}','2024-02-29 12:34:56.{i % 1000:03d}','2024-02-29','11:22:33.5',2024,{i % 2})"
                        for i in range(count))
        self.worker.create('json', self.config('j', **{'topic.prefix': 'j'}))
        self.worker.create('avro', self.avro())
        for name in ('json', 'avro'):
            self.worker.wait_running(name)
        for start in range(0, count, 10000):
            part = rows.split('),(')[start:start + 10000]
            self.server.sql(f'INSERT INTO {self.name}.t VALUES ' + '),('.join(part).strip('()').join('()'))
        self.server.sql(f"UPDATE {self.name}.t SET s='changed' WHERE id%7=0", f'DELETE FROM {self.name}.t WHERE id%11=0')
        expected = count + (count + 6) // 7 + 2 * ((count + 10) // 11)
        j = f'j.{self.name}.t'
        for topic in (j, self.topic):
            wait_until(f'{expected} records of {topic}', lambda: self.worker.topics().get(topic) == expected, 300, self.worker.process)
        compared = 0
        for ours, theirs in zip(self.worker.records(self.topic), self.worker.records(j)):
            if theirs['v'] is None:
                self.assertIsNone(ours['v'])
                continue
            json_value = json.loads(theirs['v'])
            number, value = self.read(ours['v'])
            for image in ('before', 'after'):
                self.same(json_value['schema'], value[image], json_value['payload'][image], image)
            self.assertEqual(value['op'], json_value['payload']['op'])
            self.assertEqual(self.read(ours['k'])[1], json.loads(theirs['k'])['payload'])
            compared += 1
        print(f'    {compared} events read by fastavro equal the JSON ones', flush=True)
        self.assertGreater(compared, count)
        self.assertEqual(self.registry.subjects, {f'{self.topic}-key', f'{self.topic}-value'})

    def same(self, schema, avro, plain, image):
        if plain is None:
            return self.assertIsNone(avro)
        fields = {f['field']: f for f in next(f for f in schema['fields'] if f['field'] == image)['fields']}
        self.assertEqual(set(avro), set(plain))
        for name, value in plain.items():
            ours = avro[name]
            if fields[name].get('name') == 'org.apache.kafka.connect.data.Decimal' and value is not None:
                value = decimal.Decimal(int.from_bytes(base64.b64decode(value), 'big', signed=True)).scaleb(-int(fields[name]['parameters']['scale']))
            elif fields[name]['type'] == 'bytes' and value is not None:
                value = base64.b64decode(value)
            self.assertEqual(ours, value, name)

    def test_a_registry_that_is_away_loses_nothing(self):
        self.server.sql(f'CREATE TABLE {self.name}.t (id INT PRIMARY KEY)')
        self.worker.create('c', {**self.avro(), 'retriable.restart.connector.wait.ms': '500'})
        self.worker.wait_running('c')
        self.server.sql(f'INSERT INTO {self.name}.t VALUES (1)')
        wait_until('a record', lambda: self.worker.topics().get(self.topic) == 1, 30, self.worker.process)
        self.registry.stop()
        self.server.sql(f'ALTER TABLE {self.name}.t ADD COLUMN v INT')
        began, rows = time.monotonic(), 1
        while rows < 11 or time.monotonic() - began < (30 if LONG else 0):
            rows += 1
            self.server.sql(f'INSERT INTO {self.name}.t VALUES ({rows}, {rows})')
        wait_until('the fault shown', lambda: 'No schema registry' in self.worker.log(), 30, self.worker.process)
        self.registry.start()
        wait_until('all records', lambda: self.worker.topics().get(self.topic) == rows, 60, self.worker.process)
        self.assertEqual([self.read(r['v'])[1]['after']['id'] for r in self.worker.records(self.topic)], list(range(1, rows + 1)))
        print(f'    registry away for {time.monotonic() - began:.0f} s: {rows} rows, 0 lost, 0 doubled', flush=True)

class CloudEventsInAvro(AvroTestCase):
    """With Apicurio, by Confluent's API and its own."""
    def make_registry(self):
        return Apicurio(FOLDER / (self.name + '-registry')).start()

    def create(self, name, **settings):
        self.worker.create(name, self.config(name, **{'value.converter': 'io.debezium.converters.CloudEventsConverter',
                                                      **{f'value.converter.{k}': v for k, v in settings.items()}}))
        self.worker.wait_running(name)

    def values(self, prefix, count):
        topic = f'{prefix}.{self.name}.t'
        self.worker.wait_records(topic, count)
        return [r['v'] for r in self.worker.records(topic) if r['v'] is not None]

    def decoded(self, raw, id_bytes=4):
        self.assertEqual(raw[0], 0)
        number = int.from_bytes(raw[1:1 + id_bytes], 'big')
        return number, fastavro.schemaless_reader(io.BytesIO(raw[1 + id_bytes:]), fastavro.parse_schema(self.registry.schema(number)))

    def test_events_say_what_those_in_json_say(self):
        self.server.sql(f"CREATE TABLE {self.name}.t (id INT PRIMARY KEY, s VARCHAR(30), d DOUBLE)")
        base = self.registry.url.split('/apis/')[0]
        avro = {'data.serializer.type': 'avro', 'avro.schema.registry.url': self.registry.url}
        self.create('json', **{'json.schemas.enable': 'false'})
        self.create('mixed', **avro)
        self.create('avro', **{**avro, 'serializer.type': 'avro'})
        self.create('named', **{**avro, 'serializer.type': 'avro', 'schema.cloudevents.name': 'my-events.Event', 'extension.attributes.enable': 'false'})
        self.create('apicurio', **{'data.serializer.type': 'avro', 'avro.apicurio.registry.url': base + '/apis/registry/v2', 'avro.apicurio.registry.auto-register': 'true'})
        self.server.sql(f"INSERT INTO {self.name}.t VALUES (1, 'one', 1.5), (2, NULL, NULL)", f"UPDATE {self.name}.t SET s = 'changed' WHERE id = 1", f'DELETE FROM {self.name}.t WHERE id = 2')
        plain = [json.loads(v) for v in self.values('json', 5)]
        of_the_prefix = lambda event, prefix: json.loads(json.dumps(event).replace('"json"', f'"{prefix}"').replace('/json"', f'/{prefix}"').replace('name:json;', f'name:{prefix};'))
        for event, want in zip(self.values('mixed', 5), plain, strict=True):
            event, want = json.loads(event), of_the_prefix(want, 'mixed')
            number, data = self.decoded(base64.b64decode(event.pop('data')))
            self.assertEqual(data, want.pop('data'))
            self.assertEqual(event.pop('dataschema'), f'{self.registry.url}/schemas/ids/{number}')
            self.assertEqual({**event, 'iodebeziumtsms': 0}, {**want, 'datacontenttype': 'application/avro', 'iodebeziumtsms': 0})
        for raw, want in zip(self.values('avro', 5), plain, strict=True):
            number, event = self.decoded(bytes_of(raw))
            want = of_the_prefix(want, 'avro')
            number, data = self.decoded(event.pop('data'))
            self.assertEqual(data, want.pop('data'))
            self.assertEqual(event.pop('dataschema'), f'{self.registry.url}/schemas/ids/{number}')
            self.assertEqual(event, {**want, 'datacontenttype': 'application/avro'})
        number, event = self.decoded(bytes_of(self.values('named', 5)[0]))
        schema = self.registry.schema(number)
        self.assertEqual((schema['namespace'], schema['name']), ('my_events', 'Event'))
        self.assertEqual([f['name'] for f in schema['fields']], ['id', 'source', 'specversion', 'type', 'time', 'datacontenttype', 'dataschema', 'data'])
        event = json.loads(self.values('apicurio', 5)[0])
        number = int(event['dataschema'].removeprefix(base + '/apis/registry/v2/schemas/ids/'))
        self.assertEqual(int.from_bytes(base64.b64decode(event['data'])[1:9], 'big'), number)
        topic = f'avro.{self.name}.t'
        self.assertLessEqual({f'{topic}-value', f'{topic}-data-value'}, self.registry.subjects)

    def test_what_cannot_be_is_refused(self):
        def refusal(**settings):
            with self.assertRaises(HttpError) as refused:
                self.create('x', **settings)
            return refused.exception.body
        self.assertIn('events in Avro hold data in Avro', refusal(**{'serializer.type': 'avro'}))
        self.assertIn('Avro needs a registry', refusal(**{'data.serializer.type': 'avro'}))


class ApicurioConverter(AvroTestCase):
    """Apicurio's own converter and API, of its versions 2 and 3."""
    CLASS = 'io.apicurio.registry.utils.converter.AvroConverter'

    def make_registry(self):
        return Apicurio(FOLDER / (self.name + '-registry')).start()

    def apicurio(self, version, **settings):
        options = {'': self.CLASS, '.apicurio.registry.url': f'{self.registry.root}/registry/v{version}', **{'.apicurio.registry.' + name: value for name, value in settings.items()}}
        return self.config(**{f'{side}.converter{k}': v for side in ('key', 'value') for k, v in options.items()})

    def decoded(self, raw, kind, number):
        with urllib.request.urlopen(f'{self.registry.root}/registry/v2/ids/{kind}s/{number}', timeout=10) as answer:
            return fastavro.schemaless_reader(io.BytesIO(raw), fastavro.parse_schema(json.loads(answer.read())))

    def test_ids_are_where_its_versions_have_them(self):
        self.server.sql(f'CREATE TABLE {self.name}.t (id INT PRIMARY KEY, s VARCHAR(9))', f"INSERT INTO {self.name}.t VALUES (7, 'x')")
        # name: version of the API, options, bytes of the id before the value (0: it is in a header), which id
        cases = {'a': (2, {}, 0, 'globalId'), 'b': (2, {'use-id': 'contentId'}, 0, 'contentId'), 'c': (2, {'headers.enabled': 'false'}, 8, 'globalId'), 'd': (2, {'headers.enabled': 'false', 'as-confluent': 'true'}, 4, 'globalId'),
                 'e': (3, {}, 4, 'contentId'), 'f': (3, {'headers.enabled': 'true', 'use-id': 'globalId'}, 0, 'globalId'), 'g': (2, {'headers.enabled': 'false', 'id-handler': 'io.apicurio.registry.serde.Legacy4ByteIdHandler', 'use-id': 'contentId'}, 4, 'contentId')}
        for number, (prefix, (version, options, size, kind)) in enumerate(cases.items()):
            with self.subTest(prefix):
                self.worker.create(prefix, {**self.apicurio(version, **{'auto-register': 'true', 'find-latest': 'true', **options}), 'topic.prefix': prefix, 'database.server.id': str(71300 + number)})
                topic = f'{prefix}.{self.name}.t'
                self.worker.wait_running(prefix)
                self.server.sql(f'DELETE FROM {self.name}.t')
                wait_until('3 records', lambda: self.worker.topics().get(topic) == 3, 30, self.worker.process)
                self.server.sql(f"INSERT INTO {self.name}.t VALUES (7, 'x')")
                for record in self.worker.records(topic)[:3]:
                    headers = dict(record['h'])
                    for side, text in (('key', record['k']), ('value', record['v'])):
                        names = {f'apicurio.{side}.{kind}', f'apicurio.{side}.encoding'}
                        if text is None or size > 0:
                            self.assertFalse(names & set(headers))
                        if text is None:
                            continue
                        raw = bytes_of(text)
                        if size > 0:
                            self.assertEqual(raw[0], 0)
                            found, raw = int.from_bytes(raw[1:1 + size], 'big'), raw[1 + size:]
                        else:
                            self.assertEqual(headers[f'apicurio.{side}.encoding'], 'BINARY')
                            found = int.from_bytes(bytes_of(headers[f'apicurio.{side}.{kind}']), 'big')
                        value = self.decoded(raw, kind, found)
                        self.assertEqual(value['id'] if side == 'key' else (value['after'] or value['before'])['id'], 7)

    def test_artifacts_are_called_as_the_strategy_says(self):
        self.server.sql(f'CREATE TABLE {self.name}.t (id INT PRIMARY KEY)', f'INSERT INTO {self.name}.t VALUES (7)')
        strategy = 'io.apicurio.registry.serde.'
        cases = {'a': ({}, 'default', 'a.{0}.t-value'), 'b': ({'artifact-resolver-strategy': strategy + 'avro.strategy.RecordIdStrategy'}, 'b.{0}.t', 'Envelope'),
                 'c': ({'artifact-resolver-strategy': strategy + 'avro.strategy.TopicRecordIdStrategy'}, 'c.{0}.t', 'c.{0}.t-Envelope'), 'd': ({'artifact-resolver-strategy': strategy + 'avro.strategy.QualifiedRecordIdStrategy'}, 'default', 'd.{0}.t.Envelope'),
                 'e': ({'artifact.group-id': 'my group'}, 'my group', 'e.{0}.t-value')}
        for number, (prefix, (options, group, name)) in enumerate(cases.items()):
            with self.subTest(prefix):
                version = 2 + number % 2
                self.worker.create(prefix, {**self.apicurio(version, **{'auto-register': 'true', **options}), 'topic.prefix': prefix, 'database.server.id': str(71400 + number)})
                wait_until('a record', lambda: self.worker.topics().get(f'{prefix}.{self.name}.t') == 1, 30, self.worker.process)
                found = self.registry.get(f'/registry/v3/groups/{urllib.parse.quote(group.format(self.name))}/artifacts')['artifacts']
                self.assertIn(name.format(self.name), [artifact['artifactId'] for artifact in found])

    def test_what_is_not_there_is_told_and_what_is_there_found(self):
        self.server.sql(f'CREATE TABLE {self.name}.t (id INT PRIMARY KEY)', f'INSERT INTO {self.name}.t VALUES (7)')
        for number, (version, latest) in enumerate(((2, 'false'), (2, 'true'), (3, 'false'), (3, 'true'))):
            prefix = f'p{number}'
            config = {**self.apicurio(version, **{'find-latest': latest}), 'topic.prefix': prefix, 'database.server.id': str(71500 + number)}
            self.worker.create(prefix, config)
            self.assertIn('apicurio.registry.auto-register=false', self.worker.wait_failed(prefix))
            topic = f'{prefix}.{self.name}.t'
            self.worker.create(prefix + 'r', {**config, **self.apicurio(version, **{'auto-register': 'true'}), 'topic.prefix': prefix, 'database.server.id': str(71600 + number)})
            wait_until('a record', lambda: self.worker.topics().get(topic) == 1, 30, self.worker.process)
            self.worker.request('POST', f'/connectors/{prefix}/restart?includeTasks=true')
            wait_until('another', lambda: self.worker.topics().get(topic) == 2, 30, self.worker.process)
        with self.assertRaises(HttpError) as refusal:
            self.worker.create('e', self.config(**{'value.converter': self.CLASS}))
        self.assertIn('apicurio.registry.url', str(refusal.exception))
        for name, wrong in (('url', 'registry:8080'), ('url', 'ftp://registry'), ('url', 'http://registry:port'), ('artifact.version', '3'), ('artifact-resolver-strategy', 'com.example.Mine'), ('avro.encoding', 'JSON')):
            with self.subTest(name=name, wrong=wrong), self.assertRaises(HttpError) as refusal:
                self.worker.create('e', self.apicurio(2, **{name: wrong}))
            self.assertIn(f'apicurio.registry.{name}', str(refusal.exception))
        with self.assertRaises(HttpError) as refusal:
            self.worker.create('e', {**self.apicurio(2), 'value.converter.apicurio.auth.realm': 'x'})
        self.assertIn('apicurio.auth.realm', str(refusal.exception))


class AvroFaults(AvroTestCase):
    """With a registry that asks for a password, refuses, and counts what it is asked."""
    def make_registry(self):
        return Registry()

    def test_a_schema_is_asked_for_once(self):
        self.server.sql(f'CREATE TABLE {self.name}.t (id INT PRIMARY KEY)', f'INSERT INTO {self.name}.t SELECT seq FROM {self.name}.seq_1_to_5000')
        self.worker.create('c', self.avro())
        wait_until('all records', lambda: self.worker.topics().get(self.topic) == 5000, 30, self.worker.process)
        self.assertLess(self.registry.requests, 10)

    def test_subjects_and_credentials(self):
        self.registry.user = 'me:secret'
        self.server.sql(f'CREATE TABLE {self.name}.t (id INT PRIMARY KEY)', f'INSERT INTO {self.name}.t VALUES (1)')
        signed = {'.basic.auth.credentials.source': 'USER_INFO', '.basic.auth.user.info': 'me:secret'}
        self.worker.create('c', self.avro(**signed, **{'.value.subject.name.strategy': 'io.confluent.kafka.serializers.subject.RecordNameStrategy'}))
        wait_until('a record', lambda: self.worker.topics().get(self.topic) == 1, 30, self.worker.process)
        self.assertEqual(set(self.registry.subjects), {f'{self.topic}-key', f'{self.topic}.Envelope'})
        self.worker.create('d', {**self.avro(), 'topic.prefix': 'q', 'database.server.id': '71234'})
        self.assertIn('401', self.worker.wait_failed('d'))

    def test_tokens_are_asked_for_and_again_when_one_is_not_taken_any_more(self):
        self.registry.takes = 'nobody has it'
        token = self.registry.url.replace('/apis/ccompat/v7', '/oauth/token')
        oauth = {'.bearer.auth.credentials.source': 'OAUTHBEARER', '.bearer.auth.issuer.endpoint.url': token, '.bearer.auth.client.id': 'me & you', '.bearer.auth.client.secret': 's=1', '.bearer.auth.scope': 'all',
                 '.bearer.auth.logical.cluster': 'lsrc-1', '.bearer.auth.identity.pool.id': 'pool-2'}
        self.server.sql(f'CREATE TABLE {self.name}.t (id INT PRIMARY KEY)', f'INSERT INTO {self.name}.t VALUES (1)')
        self.worker.create('c', {**self.avro(**oauth), 'key.converter': 'org.apache.kafka.connect.json.JsonConverter'})
        self.worker.wait_records(self.topic, 1)
        self.assertEqual(self.registry.forms, [('/oauth/token', 'application/x-www-form-urlencoded', {'grant_type': ['client_credentials'], 'client_id': ['me & you'], 'client_secret': ['s=1'], 'scope': ['all']})])
        self.assertEqual((self.registry.headers[-1]['target-sr-cluster'], self.registry.headers[-1]['Confluent-Identity-Pool-Id']), ('lsrc-1', 'pool-2'))
        self.registry.takes = 'revoked'
        self.server.sql(f'ALTER TABLE {self.name}.t ADD v INT', f'INSERT INTO {self.name}.t VALUES (2, 2)')
        self.worker.wait_records(self.topic, 2)
        self.assertEqual(self.registry.tokens, 2)
        fixed = {'.bearer.auth.credentials.source': 'STATIC_TOKEN', '.bearer.auth.token': 'token2'}
        self.worker.create('f', {**self.avro(**fixed), 'topic.prefix': 'f', 'database.server.id': '71235'})
        self.worker.wait_records(f'f.{self.name}.t', 2)
        self.worker.create('w', {**self.avro(**{**oauth, '.bearer.auth.client.secret': 'wrong'}), 'topic.prefix': 'w', 'database.server.id': '71236'})
        trace = self.worker.wait_failed('w')
        self.assertIn('gives client me & you no token for the schema registry: 401', trace)
        self.assertNotIn('wrong', trace)
        with self.assertRaises(HttpError) as refusal:
            self.worker.create('e', self.avro(**{'.bearer.auth.credentials.source': 'OAUTHBEARER'}))
        self.assertIn('bearer.auth.issuer.endpoint.url', str(refusal.exception))

    def test_apicurios_converter_takes_its_token_from_keycloak(self):
        root = self.registry.url.replace('/apis/ccompat/v7', '')
        given = {'.apicurio.registry.url': root + '/apis/registry/v2', '.apicurio.auth.service.url': root + '/auth', '.apicurio.auth.realm': 'my realm', '.apicurio.auth.client.id': 'me', '.apicurio.auth.client.secret': 'wrong'}
        self.server.sql(f'CREATE TABLE {self.name}.t (id INT PRIMARY KEY)', f'INSERT INTO {self.name}.t VALUES (1)')
        self.worker.create('c', self.config(**{f'value.converter{k}': v for k, v in {'': 'io.apicurio.registry.utils.converter.AvroConverter', **given}.items()}))
        self.assertIn('gives client me no token', self.worker.wait_failed('c'))
        self.assertEqual(self.registry.forms[0][0], '/auth/realms/my%20realm/protocol/openid-connect/token')

    def test_what_a_registry_refuses_fails_the_task_with_its_words(self):
        self.server.sql(f'CREATE TABLE {self.name}.refused (id INT PRIMARY KEY)', f'INSERT INTO {self.name}.refused VALUES (1)')
        self.worker.create('c', self.avro())
        self.assertIn('incompatible with an earlier schema', self.worker.wait_failed('c'))
        self.worker.create('d', {**self.avro(**{'.auto.register.schemas': 'false'}), 'topic.prefix': 'q', 'database.server.id': '71235'})
        self.assertIn('auto.register.schemas=false', self.worker.wait_failed('d'))
        with self.assertRaises(HttpError) as refusal:
            self.worker.create('e', self.config(**{'value.converter': AVRO}))
        self.assertIn('schema.registry.url', str(refusal.exception))


if __name__ == '__main__':
    unittest.main()
