"""Records that Kafka refuses for what they are: too large for the client, or for their topic. Without errors.tolerance the
task fails and names the row; with it the row is left out, told of, and kept in the dead letter topic, and nothing else is
lost, doubled or out of order."""
import re, unittest

from fixtures import FOLDER, fresh_database, kafka, server
from servers import wait_until
from worker import connector, payload

LARGE = 300_000
LETTERS = {'errors.tolerance': 'all', 'errors.deadletterqueue.topic.replication.factor': '1', 'errors.deadletterqueue.context.headers.enable': 'true'}


def rows(topic):
    return [payload(m.value().decode())['after']['id'] for m in kafka().messages(topic) if m.value() is not None]


class Refused:
    """Run for both writers."""
    settings = {}

    def setUp(self):
        self.server = server('mariadb')
        self.name = f'refused-{type(self).__name__.lower()}-{self._testMethodName[5:15].strip("_")}'.replace('_', '-')
        self.database = self.name.replace('-', '_')
        fresh_database(self.server, self.database)
        self.server.sql(f'CREATE TABLE {self.database}.t (id INT PRIMARY KEY, text LONGTEXT)')
        self.worker = kafka().worker(FOLDER / self.name, self.name, **self.settings).start()
        self.addCleanup(self.worker.kill)
        self.topic = f'{self.name}.{self.database}.t'

    def create(self, **more):
        self.worker.create('r', connector(self.server, self.name, **{'database.include.list': self.database, 'retriable.restart.connector.wait.ms': '500',
                                                                     'producer.override.compression.type': 'none', **more}))
        self.worker.wait_running('r')

    def insert(self, *sizes, start=1):
        """Rows of these sizes in one transaction."""
        with self.server.connect() as connection, connection.cursor() as cursor:
            connection.begin()
            for number, size in enumerate(sizes, start):
                cursor.execute(f'INSERT INTO {self.database}.t VALUES (%s, %s)', (number, 'x' * size))
            connection.commit()

    def wait_rows(self, wanted):
        wait_until(f'{len(wanted)} rows', lambda: len(set(rows(self.topic))) >= len(set(wanted)), 60)
        self.assertEqual(self.in_order(rows(self.topic)), wanted)

    def in_order(self, ids):
        """At least once: what was written again is taken out, where it repeats what stood before."""
        return ids

    def letter(self, topic):
        wait_until('the dead letter', lambda: kafka().topics().get(topic) is not None and kafka().messages(topic), 30)
        letters = kafka().messages(topic)
        return letters[0], {k: v.decode() for k, v in letters[0].headers()}

    def test_the_task_fails_and_names_the_row(self):
        self.create(**{'producer.override.max.request.size': '100000'})
        self.insert(10, LARGE, 10)
        trace = wait_until('the task FAILED', lambda: self.worker.task_state('r') == 'FAILED' and self.worker.get('/connectors/r/status')['tasks'][0]['trace'], 30)
        self.assertRegex(trace, r"the record's key is .*\"id\":2")
        self.assertIn('max.request.size', trace)
        self.assertGreater(int(re.search(r'its size (\d+) bytes', trace)[1]), LARGE)

    def test_it_is_left_out_where_that_is_allowed(self):
        letters = f'{self.name}-letters'
        self.create(**{'producer.override.max.request.size': '100000', 'errors.deadletterqueue.topic.name': letters, **LETTERS})
        self.insert(10, LARGE, 10)
        self.insert(10, start=4)
        self.wait_rows([1, 3, 4])
        letter, headers = self.letter(letters)
        self.assertIn('"id":2', letter.key().decode())
        self.assertIsNone(letter.value())  # it is as much too large for this topic
        self.assertEqual((headers['__connect.errors.topic'], headers['__connect.errors.connector.name'], headers['__connect.errors.exception.class.name']),
                         (self.topic, 'r', 'org.apache.kafka.common.errors.RecordTooLargeException'))
        self.assertGreater(int(headers['__connect.errors.value.size']), LARGE)
        self.assertIn('__debezium.context.connectorName', headers)  # its own headers stay
        self.assertRegex(self.worker.log(), r'a record for topic \S+ is left out .*"id":2')
        metrics = self.worker.request('GET', '/metrics')[1].decode()
        self.assertIn('kafka_connect_task_error_metrics_total_records_skipped{connector="r",task="0"} 1', metrics)
        self.assertEqual(self.worker.task_state('r'), 'RUNNING')

    def test_a_topic_with_a_small_bound_gets_small_batches(self):
        self.create(**{'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1', 'topic.creation.default.max.message.bytes': '20000'})
        self.insert(*[1000] * 500)  # one batch of 500 KB, as the client would have it
        self.wait_rows(list(range(1, 501)))
        self.insert(*[1000] * 500, start=501)
        self.wait_rows(list(range(1, 1001)))
        self.insert(LARGE, start=2000)
        wait_until('the task FAILED', lambda: self.worker.task_state('r') == 'FAILED', 30)
        self.assertIn('max.message.bytes', self.worker.get('/connectors/r/status')['tasks'][0]['trace'])

    def test_what_only_its_topic_refuses_is_kept_whole(self):
        letters = f'{self.name}-letters'
        self.create(**{'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1', 'topic.creation.default.max.message.bytes': '20000',
                       'errors.deadletterqueue.topic.name': letters, **LETTERS})
        self.insert(*[1000] * 50, LARGE, *[1000] * 50)
        self.wait_rows([*range(1, 51), *range(52, 102)])
        letter, headers = self.letter(letters)
        self.assertEqual(payload(letter.value().decode())['after'], {'id': 51, 'text': 'x' * LARGE})
        self.insert(10, start=200)
        self.wait_rows([*range(1, 51), *range(52, 102), 200])
        self.assertEqual(self.worker.task_state('r'), 'RUNNING')


class AtLeastOnce(Refused, unittest.TestCase):
    def in_order(self, ids):
        first = []
        for number in ids:
            if number not in first:
                first.append(number)
        self.assertEqual(sorted(first), first)
        return first


class ExactlyOnce(Refused, unittest.TestCase):
    settings = {'exactly.once.source.support': 'enabled'}


if __name__ == '__main__':
    unittest.main()
