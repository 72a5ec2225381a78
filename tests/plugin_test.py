"""Transforms of users' own in shared libraries: the example does what it says, and what a library does wrong is told."""
import pathlib, subprocess, textwrap, unittest

from fixtures import FOLDER, fresh_database, server
from servers import wait_until
from worker import HttpError, Worker, connector

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / 'examples' / 'plugin' / 'redact.c'


def built(folder, name, source):
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f'{name}.so'
    subprocess.run(['cc', '-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic', '-shared', '-fPIC', '-I', str(ROOT / 'include'), '-o', str(made), str(source)], check=True)
    return made


class Plugins(unittest.TestCase):
    def setUp(self):
        self.name = 'plugin_' + self._testMethodName[5:20].strip('_')
        self.folder = FOLDER / f'libraries-{self.name}'

    def written(self, apply, abi='MILLRACE_PLUGIN_ABI', class_name='com.example.Mine', export='millrace_plugin'):
        """A library with one transform that does this."""
        self.folder.mkdir(parents=True, exist_ok=True)
        source = self.folder / 'mine.c'
        source.write_text(textwrap.dedent(f'''\
            #include <millrace/plugin.h>
            #include <string.h>
            static millrace_text of(const char* text) {{ millrace_text out = {{text, text == NULL ? 0 : strlen(text)}}; return out; }}
            static void* create(const millrace_host* host, millrace_options* options) {{ (void)host; return options; }}
            static int apply(void* self, const millrace_host* host, millrace_record* record) {{ (void)self; (void)of; {apply} }}
            static void destroy(void* self) {{ (void)self; }}
            static const millrace_transform kTransforms[] = {{{{"{class_name}", 15, NULL, 0, create, apply, destroy}}}};
            static const millrace_library kLibrary = {{{abi}, "1", kTransforms, 1}};
            const millrace_library* {export}(void);
            const millrace_library* {export}(void) {{ return &kLibrary; }}
            '''))
        return built(self.folder, 'mine', source)

    def begin(self, library):
        self.server = server('mariadb')
        fresh_database(self.server, self.name)
        self.server.sql(f"CREATE TABLE {self.name}.t (id INT PRIMARY KEY, v VARCHAR(40), n BIGINT)", f"CREATE TABLE {self.name}.t_dropped (id INT PRIMARY KEY)")
        self.worker = Worker(FOLDER / self.name, **{'plugin.path': str(library)}).start()
        self.addCleanup(self.worker.kill)
        self.topic = f'p.{self.name}.t'

    def create(self, type='com.example.Mine', **options):
        self.worker.create('c', connector(self.server, 'p', **{'database.include.list': self.name, 'include.schema.changes': 'false', 'transforms': 'x', 'transforms.x.type': type,
                                                               **{f'transforms.x.{k}': v for k, v in options.items()}}))

    def fault_of(self, apply):
        self.begin(self.written(apply))
        self.server.sql(f"INSERT INTO {self.name}.t VALUES (1, 'one', 1)")
        self.create()
        self.worker.wait_failed('c')
        return self.worker.status('c')['tasks'][0]['trace']

    def test_the_example_does_what_it_says(self):
        self.begin(built(self.folder, 'redact', EXAMPLE).parent)
        plugins = {p['class']: p['type'] for p in self.worker.get('/connector-plugins?connectorsOnly=false')}
        self.assertEqual(plugins['com.example.Redact'], 'transformation')
        self.create('com.example.Redact', text='secret', **{'drop.suffix': '_dropped'})
        self.worker.wait_running('c')
        self.server.sql(f"INSERT INTO {self.name}.t_dropped VALUES (1)", f"INSERT INTO {self.name}.t VALUES (1, 'a secret secret', 9007199254740993), (2, 'none', NULL)", f'DELETE FROM {self.name}.t WHERE id = 1')
        self.worker.wait_records(self.topic, 4)
        events, records = self.worker.events(self.topic), self.worker.records(self.topic)
        self.assertEqual([e and (e['after'] or e['before']) for e in events], [{'id': 1, 'v': 'a ****** ******', 'n': 9007199254740993}, {'id': 2, 'v': 'none', 'n': None},
                                                                               {'id': 1, 'v': 'a ****** ******', 'n': 9007199254740993}, None])
        self.assertEqual([[h[1] for h in r['h'] if h[0] == 'redacted'] for r in records], [['2'], [], ['2'], []])
        self.assertNotIn(f'p.{self.name}.t_dropped', self.worker.topics())

    def test_options_are_checked_as_those_of_our_own(self):
        self.begin(built(self.folder, 'redact', EXAMPLE))
        with self.assertRaises(HttpError) as missing:
            self.create('com.example.Redact')
        self.assertIn('Missing required configuration \\"text\\"', missing.exception.body.replace('transforms.x.', ''))
        with self.assertRaises(HttpError) as refused:
            self.create('com.example.Redact', text='a"b')
        self.assertIn('quotes and backslashes are written otherwise in JSON', refused.exception.body)

    def test_all_of_a_record_can_be_changed(self):
        self.begin(self.written('''
            millrace_text name = {"__debezium.context.taskId", 25};
            host->set_topic(record, of("other"));
            host->set_partition(record, 0);
            host->set_timestamp_ms(record, 1700000000000);
            host->set(record, MILLRACE_KEY, of("{\\"type\\":\\"string\\",\\"optional\\":false}"), of("\\"k\\""));
            host->set(record, MILLRACE_VALUE, of("{\\"type\\":\\"struct\\",\\"optional\\":false,\\"name\\":\\"N\\",\\"fields\\":[{\\"field\\":\\"a\\",\\"type\\":\\"int64\\",\\"optional\\":true},{\\"field\\":\\"b\\",\\"type\\":\\"string\\",\\"optional\\":true}]}"), of("{\\"a\\": 7}"));
            host->remove_headers(record, name);
            host->add_header(record, of("count"), of("{\\"type\\":\\"int64\\",\\"optional\\":false}"), of(host->header_count(record) == 3 ? "3" : "-1"));
            return host->partition(record) == 0 && host->timestamp_ms(record) == 1700000000000 && host->size >= sizeof(millrace_host) ? MILLRACE_PASSED : 7;'''))
        self.create()
        self.worker.wait_running('c')
        self.server.sql(f"INSERT INTO {self.name}.t VALUES (1, 'one', 1)")
        self.worker.wait_records('other', 1)
        record = self.worker.records('other')[0]
        self.assertIn('"payload":"k"', record['k'])
        self.assertIn('"payload":{"a":7,"b":null}', record['v'])
        headers = dict(map(tuple, record['h']))
        self.assertEqual(headers['count'], '3')
        self.assertNotIn('__debezium.context.taskId', headers)

    def test_what_a_transform_fails_of_stops_the_task_with_its_words(self):
        self.assertIn('com.example.Mine) fails on a record of topic', trace := self.fault_of('host->fail(record, of("no such day")); return MILLRACE_FAILED;'))
        self.assertIn('no such day', trace)

    def test_a_payload_that_is_not_of_its_schema_is_refused(self):
        self.assertIn('com.example.Mine', self.fault_of('millrace_text none = {NULL, 0}; host->set(record, MILLRACE_KEY, none, of("{\\"id\\": \\"one\\"}")); return MILLRACE_PASSED;'))

    def test_a_value_that_its_schema_requires_is_not_left_out(self):
        self.assertIn('It gives no value of id, which the schema requires', self.fault_of('millrace_text none = {NULL, 0}; host->set(record, MILLRACE_KEY, none, of("{}")); return MILLRACE_PASSED;'))

    def test_a_payload_that_is_no_json_is_refused(self):
        self.assertIn('It gives a payload that is no JSON', self.fault_of('millrace_text none = {NULL, 0}; host->set(record, MILLRACE_VALUE, none, of("{\\"id\\": ")); return MILLRACE_PASSED;'))

    def test_an_outcome_that_is_none_is_refused(self):
        self.assertIn('It returns 7, which means nothing', self.fault_of('(void)host; (void)record; return 7;'))

    def test_a_library_that_cannot_be_used_ends_the_worker(self):
        nothing = '(void)host; (void)record; return 1;'
        for library, words in ((lambda: self.written(nothing, abi='2'), 'version 2 of the interface, and this program has 1'),
                               (lambda: self.written(nothing, export='another'), 'it has no function millrace_plugin'),
                               (lambda: self.written(nothing, class_name='io.debezium.transforms.Filter'), 'there is a transform io.debezium.transforms.Filter already'),
                               (lambda: self.folder / 'missing.so', 'cannot open shared object file')):
            with self.subTest(words):
                worker = Worker(FOLDER / self.name, **{'plugin.path': str(library())}).start(wait=False)
                self.addCleanup(worker.kill)
                wait_until('the worker gone', lambda: not worker.is_alive(), 20)
                self.assertIn('plugin.path', worker.log())
                self.assertIn(words, worker.log())

    def test_folders_of_java_are_left_alone(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / 'connect-file.jar').write_bytes(b'PK')
        built(self.folder, 'foreign', self._foreign())
        self.begin(self.folder)
        self.assertTrue(self.worker.answers())

    def _foreign(self):
        source = self.folder / 'foreign.c'
        source.write_text('int foreign(void);\nint foreign(void) { return 1; }\n')
        return source
