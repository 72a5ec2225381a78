"""A client of Kafka Connect's REST API that nobody here wrote (PyPI: kafka-connect-py), class and command line."""
import json, os, subprocess, sys, unittest

from fixtures import FOLDER, fresh_database, kafka, server
from kafka import CACHE
from servers import wait_until
from worker import connector

sys.path.append(str(CACHE / 'python'))
from kafka_connect import KafkaConnect  # noqa: E402
from requests import HTTPError  # noqa: E402

MARIADB = 'io.debezium.connector.mariadb.MariaDbConnector'


class RestClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server('mariadb')
        fresh_database(cls.server, 'driven')
        cls.server.sql('CREATE TABLE driven.t (id INT PRIMARY KEY)', 'INSERT INTO driven.t VALUES (1)')
        users = FOLDER / 'rest-client-users'
        users.write_text('op=secret\n')
        cls.worker = kafka().worker(FOLDER / 'rest-client', 'rest-client', **{'rest.auth.users.file': str(users), 'rest.auth.open.paths': '/health,/'}).start()
        cls.addClassCleanup(cls.worker.kill)
        cls.client = KafkaConnect(cls.worker.url, auth='op:secret')

    def config(self, prefix):
        return connector(self.server, prefix, **{'database.include.list': 'driven', 'schema.history.internal.store.only.captured.databases.ddl': 'true'})

    def state(self, name, wanted):
        def settled():
            status = self.client.get_connector_status(name)
            return {status['connector']['state'], *(t['state'] for t in status['tasks'])} == {wanted}
        wait_until(f'{name} {wanted}', settled, 60)

    def test_the_life_of_a_connector(self):
        c = self.client
        self.assertEqual(set(c.get_cluster_info()), {'version', 'commit', 'kafka_cluster_id'})
        self.assertIn(MARIADB, [p['class'] for p in c.list_connector_plugins()])
        self.assertEqual(c.validate_connector_config(MARIADB, {**self.config('a'), 'name': 'a'})['error_count'], 0)
        made = c.create_connector({'name': 'a', 'config': self.config('a')})
        self.assertEqual((made['name'], made['type']), ('a', 'source'))
        self.state('a', 'RUNNING')
        self.assertEqual(c.list_connectors(), ['a'])
        self.assertEqual(list(c.list_connectors(state='RUNNING', expand='status')), ['a'])
        self.assertEqual(c.get_connector_config('a')['topic.prefix'], 'a')
        self.assertEqual(c.list_connector_tasks('a')[0]['id'], {'connector': 'a', 'task': 0})
        self.assertEqual(c.get_connector_task_status('a', 0)['state'], 'RUNNING')
        wait_until('the topics', lambda: 'a.driven.t' in c.list_connector_topics('a')['a']['topics'], 30)
        c.reset_connector_topics('a')
        c.pause_connector('a')
        self.state('a', 'PAUSED')
        c.resume_connector('a')
        self.state('a', 'RUNNING')
        c.restart_connector('a', include_tasks=True)
        self.state('a', 'RUNNING')
        c.restart_connector_task('a', 0)
        self.state('a', 'RUNNING')
        changed = c.update_connector('a', {**self.config('a'), 'tombstones.on.delete': 'false'})
        self.assertEqual(changed['config']['tombstones.on.delete'], 'false')
        self.state('a', 'RUNNING')
        c.stop_connector('a')
        wait_until('a STOPPED', lambda: c.get_connector_status('a')['connector']['state'] == 'STOPPED', 30)
        c.delete_connector('a')
        with self.assertRaises(HTTPError) as refusal:
            c.get_connector('a')
        self.assertEqual(refusal.exception.response.status_code, 404)
        with self.assertRaises(HTTPError) as refusal:
            KafkaConnect(self.worker.url, auth='op:wrong').list_connectors()
        self.assertEqual(refusal.exception.response.status_code, 401)

    def test_its_command_line(self):
        def kc(*words):
            r = subprocess.run([sys.executable, '-c', 'from kafka_connect.cli import cli; cli()', '--url', self.worker.url, '--auth', 'op:secret', *words], capture_output=True,
                               text=True, timeout=60, env={**os.environ, 'PYTHONPATH': str(CACHE / 'python')})
            self.assertEqual(r.returncode, 0, r.stderr)
            return r.stdout
        file = FOLDER / 'rest-client.json'
        file.write_text(json.dumps({'name': 'b', 'config': self.config('b')}))
        self.assertIn(MARIADB, kc('list-plugins'))
        kc('create', '--config-file', str(file))
        self.state('b', 'RUNNING')
        self.assertIn('"b"', kc('list'))
        self.assertIn('RUNNING', kc('status', 'b'))
        kc('delete', 'b')


if __name__ == '__main__':
    unittest.main()
