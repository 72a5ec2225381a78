"""What is done to topics and permissions under a running connector: deleted, forbidden, throttled, truncated."""
import json, signal, unittest

from confluent_kafka.admin import AdminClient

from fixtures import FOLDER, fresh_database, server
from kafka import Kafka, java
from kafka_test import Writer, ids, peak_mb
from servers import free_port, run, wait_until
from worker import connector


class DoneToTopics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server('mariadb')
        cls.sasl = free_port()
        login = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
        cls.broker = Kafka(FOLDER / 'hurt-kafka', **{
            'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT', 'inter.broker.listener.name': 'PLAINTEXT',
            'sasl.enabled.mechanisms': 'PLAIN', 'listener.name.sasl_plaintext.plain.sasl.jaas.config': f'{login} user_mill="m";',
            'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'super.users': 'User:ANONYMOUS', 'allow.everyone.if.no.acl.found': 'true'})
        for key in ('listeners', 'advertised.listeners'):
            cls.broker.settings[key] += f',SASL_PLAINTEXT://127.0.0.1:{cls.sasl}'
        cls.broker.start()
        cls.addClassCleanup(lambda: cls.broker.stop(signal.SIGKILL))
        cls.admin = AdminClient({'bootstrap.servers': cls.broker.bootstrap})

    def setUp(self):
        self.name = self._testMethodName[5:].replace('_', '-')[:30]
        self.database = self.name.replace('-', '_')
        fresh_database(self.server, self.database)
        self.server.sql(f'CREATE TABLE {self.database}.t (id INT PRIMARY KEY, text VARCHAR(200))')
        self.topic = f'{self.name}.{self.database}.t'

    def running(self, wait=True, **settings):
        worker = self.broker.worker(FOLDER / self.name, self.name, **settings).start()
        self.addCleanup(worker.kill)
        worker.create('h', connector(self.server, self.name, **{'database.include.list': self.database, 'retriable.restart.connector.wait.ms': '1000'}))
        worker.wait_running('h')
        return worker

    def found(self):
        return ids(self.broker.messages(self.topic))

    def wait_changes(self, wanted, seconds=90):
        return wait_until(f'the changes {wanted.start} to {wanted.stop - 1}', lambda: set(wanted) <= set(self.found()), seconds)

    def test_a_topic_deleted_under_load_is_made_again(self):
        worker = self.running()
        writer = Writer(self.server, [f'{self.database}.t'], 300)
        try:
            wait_until('some changes', lambda: self.topic in self.broker.topics() and writer.written[f'{self.database}.t'] > 500, 30)
            for future in self.admin.delete_topics([self.topic]).values():
                future.result()
            deleted = writer.written[f'{self.database}.t']
            wait_until('changes after it', lambda: writer.written[f'{self.database}.t'] > deleted + 600, 30)
        finally:
            writer.stop()
        written = writer.written[f'{self.database}.t']
        self.wait_changes(range(deleted + 1, written + 1))
        first = list(dict.fromkeys(self.found()))
        self.assertEqual(first, sorted(first))
        wait_until('RUNNING', lambda: worker.task_state('h') == 'RUNNING', 30)

    def test_a_permission_taken_away_is_told_and_waited_for(self):
        worker = self.running(**{'bootstrap.servers': f'127.0.0.1:{self.sasl}', 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN',
                                 'sasl.jaas.config': 'org.apache.kafka.common.security.plain.PlainLoginModule required username="mill" password="m";'})
        self.server.sql(f"INSERT INTO {self.database}.t VALUES (1, 'x')")
        self.wait_changes(range(1, 2))
        rule = ['--deny-principal', 'User:mill', '--operation', 'Write', '--topic', self.topic]
        self.tool('org.apache.kafka.tools.AclCommand', '--add', *rule)
        self.server.sql(f"INSERT INTO {self.database}.t VALUES (2, 'x')")
        trace = wait_until('the refusal in the status', lambda: worker.status('h')['tasks'][0].get('trace'), 60)
        self.assertIn(self.topic, trace)
        self.assertRegex(trace, '[Gg]rant the worker')
        self.tool('org.apache.kafka.tools.AclCommand', '--remove', '--force', *rule)
        self.server.sql(f"INSERT INTO {self.database}.t VALUES (3, 'x')")
        self.wait_changes(range(1, 4))
        wait_until('RUNNING', lambda: worker.task_state('h') == 'RUNNING', 30)

    def tool(self, name, *words):
        run(java(name, '--bootstrap-server', self.broker.bootstrap, *words))

    def quota(self, *words):
        self.tool('kafka.admin.ConfigCommand', '--alter', '--entity-type', 'clients', '--entity-default', *words)

    def test_a_quota_holds_the_source_up(self):
        worker = self.running()
        self.quota('--add-config', 'producer_byte_rate=40000')
        with self.server.connect() as connection, connection.cursor() as cursor:
            for start in range(0, 30_000, 1000):
                cursor.execute(f'INSERT INTO {self.database}.t VALUES ' + ','.join(f"({start + n}, '{start + n}{'y' * 150}')" for n in range(1, 1001)))
        wait_until('some of them', lambda: self.broker.topics().get(self.topic) and len(self.found()) > 0, 60)
        self.assertLess(len(self.found()), 30_000)  # it holds
        self.quota('--delete-config', 'producer_byte_rate')
        self.wait_changes(range(1, 30_001))
        self.assertEqual(self.found(), list(range(1, 30_001)))
        self.assertLess(peak_mb(worker.process.pid), 150)
        self.assertEqual(worker.task_state('h'), 'RUNNING')

    def test_truncated_internal_topics_are_told_of(self):
        worker = self.running()
        wait_until('its configuration', lambda: self.broker.messages(f'{self.name}-configs'), 30)
        worker.stop()
        end = self.broker.messages(f'{self.name}-configs')[-1].offset()
        offsets = FOLDER / f'{self.name}-delete.json'
        offsets.write_text(json.dumps({'version': 1, 'partitions': [{'topic': f'{self.name}-configs', 'partition': 0, 'offset': end}]}))
        policy = ['kafka.admin.ConfigCommand', '--alter', '--entity-type', 'topics', '--entity-name', f'{self.name}-configs', '--add-config']
        self.tool(*policy, 'cleanup.policy=delete')  # a compacted topic lets nobody delete
        self.tool('org.apache.kafka.tools.DeleteRecordsCommand', '--offset-json-file', str(offsets))
        self.tool(*policy, 'cleanup.policy=compact')
        worker.start()
        self.assertRegex(worker.log(), rf"Topic {self.name}-configs \('config.storage.topic'\) begins at offset \d+ in partition 0: records were deleted")


if __name__ == '__main__':
    unittest.main()
