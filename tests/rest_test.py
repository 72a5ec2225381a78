"""Kafka Connect's REST API: paths, status codes and bodies; and the command line in front of it."""
import json, unittest

from fixtures import FOLDER, fresh_database, server
from servers import ROOT, wait_until
from worker import HttpError, Worker, connector


class Rest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = server('mariadb')
        fresh_database(cls.server, 'rest')
        cls.server.sql('CREATE TABLE rest.t (id INT PRIMARY KEY)', 'INSERT INTO rest.t VALUES (1)')
        cls.worker = Worker(FOLDER / 'rest').start()

    @classmethod
    def tearDownClass(cls):
        cls.worker.kill()

    def setUp(self):
        self.name = self.id().rsplit('.', 1)[1]
        self.config = connector(self.server, self.name, **{'database.include.list': 'rest'})

    def refused(self, status, method, path, body=None):
        with self.assertRaises(HttpError) as caught:
            self.worker.request(method, path, body)
        error = json.loads(caught.exception.body)
        self.assertEqual((caught.exception.status, error['error_code'], list(error)), (status, status, ['error_code', 'message']))
        return error['message']

    def made(self, **more):
        self.worker.create(self.name, {**self.config, **more})
        self.addCleanup(lambda: self.worker.request('DELETE', f'/connectors/{self.name}'))
        self.worker.wait_running(self.name)
        return f'/connectors/{self.name}'

    def test_root_and_plugins(self):
        self.assertEqual(list(self.worker.get('/')), ['version', 'commit', 'kafka_cluster_id'])
        self.assertEqual([p['class'] for p in self.worker.get('/connector-plugins')],
                         ['io.debezium.connector.mysql.MySqlConnector', 'io.debezium.connector.mariadb.MariaDbConnector',
                          'io.debezium.connector.postgresql.PostgresConnector'])
        self.assertEqual(self.refused(404, 'GET', '/nope'), 'HTTP 404 Not Found')
        self.assertEqual(self.refused(405, 'DELETE', '/connectors'), 'HTTP 405 Method Not Allowed')

    def test_life_of_a_connector(self):
        status, body, headers = self.worker.request('POST', '/connectors', {'name': self.name, 'config': self.config})
        made = json.loads(body)
        self.assertEqual((status, list(made), made['tasks'], made['type'], made['config']['name']), (201, ['name', 'config', 'tasks', 'type'], [], 'source', self.name))
        self.assertTrue(headers['Location'].endswith(f'/connectors/{self.name}'))
        path = f'/connectors/{self.name}'
        self.assertEqual(self.refused(409, 'POST', '/connectors', {'name': self.name, 'config': self.config}), f'Connector {self.name} already exists')
        self.worker.wait_running(self.name)
        self.assertIn(self.name, self.worker.get('/connectors'))
        self.assertEqual(self.worker.get(path)['tasks'], [{'connector': self.name, 'task': 0}])
        expanded = self.worker.get('/connectors?expand=status&expand=info')[self.name]
        self.assertEqual((expanded['status']['tasks'][0]['state'], expanded['info']['type']), ('RUNNING', 'source'))
        task = self.worker.get(path + '/tasks')[0]
        self.assertEqual((task['id'], task['config']['task.class']), ({'connector': self.name, 'task': 0}, 'io.debezium.connector.mariadb.MariaDbConnectorTask'))
        self.assertEqual(self.worker.get(path + '/tasks/0/status')['state'], 'RUNNING')
        self.worker.wait_records(f'{self.name}.rest.t', 1)
        self.worker.wait_log('Connected to')
        self.assertIn(f'{self.name}.rest.t', self.worker.get(path + '/topics')[self.name]['topics'])
        offsets = self.worker.get(path + '/offsets')['offsets']
        self.assertEqual(offsets[0]['partition'], {'server': self.name})
        self.assertIn('file', offsets[0]['offset'])
        for verb, code, state in (('pause', 202, 'PAUSED'), ('resume', 202, 'RUNNING')):
            self.assertEqual(self.worker.request('PUT', f'{path}/{verb}')[:2], (code, b''))
            self.assertEqual(self.worker.status(self.name)['connector']['state'], state)
            wait_until(f'the task {state}', lambda: self.worker.task_state(self.name) == state, 20)
        self.assertEqual(self.worker.request('PUT', path + '/stop')[0], 204)
        stopped = self.worker.status(self.name)
        self.assertEqual((stopped['connector']['state'], stopped['tasks']), ('STOPPED', []))
        self.worker.request('PUT', path + '/resume')
        self.worker.wait_running(self.name)
        self.assertEqual(self.worker.request('POST', path + '/restart')[0], 204)
        code, body, _ = self.worker.request('POST', path + '/restart?includeTasks=true&onlyFailed=false')
        self.assertEqual((code, json.loads(body)['tasks'][0]['state']), (202, 'RESTARTING'))
        self.assertEqual(self.worker.request('POST', path + '/tasks/0/restart')[0], 204)
        code, body, _ = self.worker.request('PUT', path + '/config', {**self.config, 'tombstones.on.delete': 'false'})
        self.assertEqual((code, json.loads(body)['config']['tombstones.on.delete']), (200, 'false'))
        self.assertEqual(self.worker.request('DELETE', path)[:2], (204, b''))
        self.assertEqual(self.refused(404, 'GET', path), f'Connector {self.name} not found')

    def test_metrics(self):
        self.made()
        self.worker.wait_records(f'{self.name}.rest.t', 1)
        def figure(name, labels):
            text = self.worker.request('GET', '/metrics')[1].decode()
            return next((int(l.rsplit(' ', 1)[1]) for l in text.splitlines() if l.startswith(f'{name}{{{labels}}} ')), None)
        def debezium(name, context):
            return figure(f'debezium_metrics_{name}', f'plugin="mariadb",name="{self.name}",context="{context}"')
        wait_until('the connection', lambda: debezium('Connected', 'streaming') == 1, 20)
        scanned = figure('debezium_metrics_RowsScanned', f'plugin="mariadb",name="{self.name}",context="snapshot",table="rest.t"')
        self.assertEqual((debezium('SnapshotCompleted', 'snapshot'), scanned >= 1, debezium('RemainingTableCount', 'snapshot')), (1, True, 0))
        self.server.sql('INSERT INTO rest.t VALUES (1000)', 'DELETE FROM rest.t WHERE id = 1000')
        wait_until('both changes counted', lambda: (debezium('TotalNumberOfCreateEventsSeen', 'streaming'), debezium('TotalNumberOfDeleteEventsSeen', 'streaming')) == (1, 1), 20)
        self.assertLess(debezium('MilliSecondsBehindSource', 'streaming'), 5000)
        self.assertGreaterEqual(figure('kafka_connect_source_task_metrics_source_record_write_total', f'connector="{self.name}",task="0"'), 4)
        self.assertEqual(figure('kafka_connect_connector_task_metrics_running', f'connector="{self.name}",task="0"'), 1)
        self.assertEqual([figure('millrace_table_events_total', f'connector="{self.name}",table="rest.t",op="{op}"') for op in 'cud'], [1, 0, 1])
        self.assertGreater(figure('millrace_record_bytes_total', f'connector="{self.name}",task="0"'), 1000)

    def test_latency(self):
        """From commit to topic: each record of a change is in one bucket, those of the snapshot in none."""
        self.made()
        self.worker.wait_records(f'{self.name}.rest.t', 1)
        def latency():
            text = self.worker.request('GET', '/metrics')[1].decode()
            return [(l.split('{')[0].removeprefix('millrace_commit_to_topic_seconds'), l.split('le="')[1].split('"')[0] if 'le="' in l else '', float(l.rsplit(' ', 1)[1]))
                    for l in text.splitlines() if l.startswith('millrace_commit_to_topic_seconds') and f'connector="{self.name}"' in l]
        wait_until('the connection', lambda: 'Connected to' in self.worker.log(), 20)
        self.server.sql('INSERT INTO rest.t VALUES (2000)', 'DELETE FROM rest.t WHERE id = 2000')
        wait_until('change, deletion and tombstone', lambda: ('_count', '', 3.0) in latency(), 20)
        buckets = [(bound, count) for kind, bound, count in latency() if kind == '_bucket']
        self.assertEqual([bound for bound, _ in buckets][:3] + [buckets[-1][0]], ['0.0005', '0.001', '0.0025', '+Inf'])
        self.assertEqual([count for _, count in buckets], sorted(count for _, count in buckets))
        self.assertEqual((dict(buckets)['5.0'], dict(buckets)['+Inf']), (3, 3))  # MariaDB tells whole seconds
        metrics = self.worker.get(f'/connectors/{self.name}/metrics')
        self.assertEqual((metrics['commit_to_topic_seconds']['count'], sum(metrics['commit_to_topic_seconds']['buckets'].values())), (3, 3))

    def test_metric_tags(self):
        self.made(**{'custom.metric.tags': 'env=prod,team-name=a"b'})
        self.worker.wait_records(f'{self.name}.rest.t', 1)
        labels = f'plugin="mariadb",name="{self.name}",context="streaming",env="prod",team_name="a\\"b"'
        wait_until('the figure', lambda: f'debezium_metrics_Connected{{{labels}}} ' in self.worker.request('GET', '/metrics')[1].decode(), 20)

    def test_metrics_of_one_connector(self):
        """Every attribute of Debezium's beans (tests/properties/metrics.txt), as JSON."""
        self.made()
        self.worker.wait_records(f'{self.name}.rest.t', 1)
        json_of = lambda: self.worker.get(f'/connectors/{self.name}/metrics')
        wait_until('the connection', lambda: json_of()['streaming']['Connected'], 20)
        self.server.sql('CREATE TABLE rest.more (id INT PRIMARY KEY)', 'INSERT INTO rest.more VALUES (1)')
        wait_until('the row counted', lambda: json_of()['tables'].get('rest.more', {}).get('create') == 1, 20)
        metrics = json_of()
        for line in (ROOT / 'tests' / 'properties' / 'metrics.txt').read_text().split('\n'):
            if line:
                context, attribute = line.split()
                self.assertIn(attribute, metrics[context])
        self.assertEqual((metrics['connector'], metrics['state']), (self.name, 'RUNNING'))
        self.assertIn('rest.more', metrics['streaming']['CapturedTables'])
        self.assertIn('CREATE TABLE rest.more', metrics['schema-history']['LastAppliedChange'])
        self.assertRegex(metrics['streaming']['BinlogFilename'], r'-bin\.\d+')
        self.assertEqual(self.refused(404, 'GET', '/connectors/nobody/metrics'), 'Connector nobody not found')

    def test_secrets_come_from_providers_and_stay_there(self):
        folder = FOLDER / 'providers'
        w = Worker(folder, **{'config.providers': 'file,env,dir', 'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
                              'config.providers.file.param.allowed.paths': str(folder), 'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
                              'config.providers.dir.class': 'org.apache.kafka.common.config.provider.DirectoryConfigProvider'})
        (folder / 'secrets.properties').write_text('password=dbz\n')
        (folder / 'user').write_text('debezium')
        w.start()
        self.addCleanup(w.kill)
        config = {**self.config, 'database.user': '${dir:%s:user}' % folder, 'database.password': '${file:%s/secrets.properties:password}' % folder}
        w.create(self.name, config)
        w.wait_running(self.name)
        w.wait_records(f'{self.name}.rest.t', 1)
        self.assertEqual(w.get(f'/connectors/{self.name}/config')['database.password'], config['database.password'])
        for path, words in (('${file:/etc/hostname:x}', 'is not in allowed.paths'), ('${file:%s/secrets.properties:nope}' % folder, 'has no key nope'), ('${env:NOT_SET_HERE}', 'the environment has no NOT_SET_HERE')):
            with self.assertRaises(HttpError) as caught:
                w.create('refused', {**config, 'database.password': path})
            self.assertEqual(caught.exception.status, 400)
            self.assertIn(words, caught.exception.body)

    def test_unknown_connectors(self):
        self.assertEqual(self.refused(404, 'GET', '/connectors/nope/status'), 'No status found for connector nope')
        self.assertEqual(self.refused(404, 'GET', '/connectors/nope/tasks/9/status'), 'No status found for task nope-9')
        self.assertEqual(self.refused(404, 'POST', '/connectors/nope/tasks/9/restart'), 'Unknown connector: nope')
        self.assertEqual(self.refused(404, 'POST', '/connectors/nope/restart'), 'Unknown connector: nope')
        self.assertEqual(self.refused(404, 'PUT', '/connectors/nope/pause'), 'Unknown connector nope')
        self.assertEqual(self.refused(404, 'DELETE', '/connectors/nope'), 'Connector nope not found')
        self.assertEqual(self.refused(404, 'GET', '/topics/nope'), 'Topic nope not found')

    def test_bad_configurations(self):
        def message(**changes):
            config = {k: v for k, v in {**self.config, **changes}.items() if v is not None}
            return self.refused(400, 'POST', '/connectors', {'name': self.name, 'config': config})
        self.assertIn("contains the following 1 error(s):\nThe 'topic.prefix' value is invalid: A value is required\nYou can also find", message(**{'topic.prefix': None}))
        self.assertIn('(only the underscore, hyphen, dot and alphanumeric characters are allowed)', message(**{'topic.prefix': 'a b'}))
        self.assertIn("'post.processors'", message(**{'post.processors': 'reselector'}))
        self.assertIn('list of valid regular expressions is expected', message(**{'table.include.list': 'a('}))
        self.assertIn('Must be larger than the maximum batch size', message(**{'max.queue.size': '10'}))
        self.assertIn('Unable to connect', message(**{'database.port': '1'}))
        self.assertIn('Access denied', message(**{'database.password': 'wrong'}))
        self.assertIn('for configuration value.converter: Class org.example.NoSuchConverter could not be found', message(**{'value.converter': 'org.example.NoSuchConverter'}))
        self.assertIn('Missing required configuration "schema.registry.url"', message(**{'value.converter': 'io.confluent.connect.avro.AvroConverter'}))
        self.assertIn('Failed to find any class that implements Connector and which name matches Nope', message(**{'connector.class': 'Nope'}))
        self.assertIn('contains no connector type', message(**{'connector.class': None}))
        self.refused(500, 'POST', '/connectors', b'{"name":')
        self.refused(500, 'POST', '/connectors', {'name': 'x', 'konfig': {}})
        path = self.made()
        self.assertIn("doesn't match connector name in the URL", self.refused(400, 'PUT', path + '/config', {**self.config, 'name': 'zz'}))

    def test_validate(self):
        answer = json.loads(self.worker.request('PUT', '/connector-plugins/MariaDbConnector/config/validate', {**self.config, 'name': 'x', 'database.port': 'no'})[1])
        self.assertEqual((answer['name'], answer['error_count']), ('io.debezium.connector.mariadb.MariaDbConnector', 2))  # Debezium tells it twice
        port = next(c for c in answer['configs'] if c['definition']['name'] == 'database.port')
        self.assertEqual((port['value']['value'], len(port['value']['errors']), port['definition']['type'], port['definition']['default_value']), (None, 2, 'INT', '3306'))
        self.assertIn('Common', answer['groups'])
        validated = lambda **more: {c['value']['name']: c['value']['errors'] for c in json.loads(
            self.worker.request('PUT', '/connector-plugins/MariaDbConnector/config/validate', {**self.config, 'name': 'x', **more})[1])['configs'] if c['value']['errors']}
        self.assertEqual(validated(), {})
        self.assertIn('matches no table', validated(**{'table.include.list': 'rest.none'})['table.include.list'][0])
        self.assertIn("is the server's own id", validated(**{'database.server.id': self.server.sql('SELECT @@server_id')[0][0]})['database.server.id'][0])
        self.server.sql("CREATE OR REPLACE USER onlooker@'%' IDENTIFIED BY 'x'", "GRANT SELECT ON rest.* TO onlooker@'%'")
        self.assertIn('lacks RELOAD, SHOW DATABASES, REPLICATION SLAVE', validated(**{'database.user': 'onlooker', 'database.password': 'x'})['database.user'][0])
        self.assertIn('does not match', self.refused(400, 'PUT', '/connector-plugins/MySqlConnector/config/validate', self.config))

    def test_schemas_can_be_left_out(self):
        self.config.update({'key.converter': 'org.apache.kafka.connect.json.JsonConverter', 'key.converter.schemas.enable': 'false',
                            'value.converter': 'org.apache.kafka.connect.json.JsonConverter', 'value.converter.schemas.enable': 'false'})
        self.made()
        self.worker.wait_records(f'{self.name}.rest.t', 1)
        record = self.worker.records(f'{self.name}.rest.t')[0]
        self.assertEqual(record['k'], '{"id":1}')
        self.assertTrue(record['v'].startswith('{"before":null,"after":{"id":1},"source":{'))

    def test_the_command_line(self):
        self.made()
        at = ['--at', self.worker.url]
        self.assertIn(self.name, self.worker.cli('connectors', 'list', *at).stdout)
        self.assertEqual(json.loads(self.worker.cli('connectors', 'status', '--json', self.name, *at).stdout)['name'], self.name)
        self.worker.cli('connectors', 'pause', self.name, *at)
        self.assertIn('PAUSED', self.worker.cli('connectors', 'status', self.name, *at).stdout)
        self.worker.cli('connectors', 'resume', self.name, *at)
        self.worker.cli('connectors', 'restart', '--include-tasks', self.name, *at)
        self.worker.wait_records(f'{self.name}.rest.t', 1)
        watched = self.worker.cli('watch-topic', '-a', '-k', '-n', '1', '-f', 'payload', f'{self.name}.rest.t', *at).stdout
        self.assertTrue(watched.startswith('{"id":1}\t{"before":null'))
        self.worker.cli('topics', 'put', 'cli.topic', 'k', '{"a":1}', *at)
        self.assertEqual(self.worker.records('cli.topic')[0]['v'], '{"a":1}')
        self.assertIn('cli.topic', self.worker.cli('topics', *at).stdout)
        self.worker.cli('topics', 'delete', 'cli.topic', *at)
        for words, code in ((['connectors', 'status', 'nope', *at], 1), (['connectors', 'frobnicate'], 2), (['topics', '--at', 'http://127.0.0.1:1'], 3), (['version'], 0),
                            (['worker', '--set', 'bootstrap.servers=x:1'], 2), (['worker', '/no/such/file.properties'], 2), (['topics', '--store', '/no/such/folder'], 3)):
            self.assertEqual(self.worker.cli(*words, check=False).returncode, code, words)

    def test_connectors_survive_a_restart_of_the_worker(self):
        w = Worker(FOLDER / 'rest-restart').start()
        self.addCleanup(w.kill)
        w.create('stays', connector(self.server, 'stays', **{'database.include.list': 'rest'}))
        w.create('goes', connector(self.server, 'goes', **{'database.include.list': 'rest', 'database.server.id': '184055'}))
        w.request('PUT', '/connectors/stays/pause')
        w.request('DELETE', '/connectors/goes')
        w.kill()
        w.start()
        self.assertEqual(w.get('/connectors'), ['stays'])
        self.assertEqual(w.status('stays')['connector']['state'], 'PAUSED')


if __name__ == '__main__':
    unittest.main()
