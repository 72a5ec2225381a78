"""A real Kafka broker for tests (KRaft, one node), a real Kafka Connect with Debezium beside it, and a consumer that
nobody here wrote. tools/install_kafka.sh fetches them; a missing one is an error, never a skipped test.
"""
import os, pathlib, shutil, signal, subprocess

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from servers import ROOT, free_port, run, wait_until
from worker import HttpError, Worker

CACHE = pathlib.Path(os.environ.get('MILLRACE_CACHE', pathlib.Path.home() / '.cache/millrace'))


def java(*words, heap='512m', version=None):
    jars = CACHE / (f'kafka-{version}' if version else 'kafka') / 'jars'
    if not jars.exists():
        raise AssertionError(f'Kafka is missing: there is no {jars}; ./dev test fetches it')
    return ['java', f'-Xmx{heap}', f'-Dlog4j.configuration=file:{ROOT}/tools/kafka/log4j.properties', '-cp', f'{jars}/*', *words]


class Kafka:
    def __init__(self, folder, format_options=(), version=None, **settings):
        self.format_options, self.version = list(format_options), version
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.port, self.controller = free_port(), free_port()
        self.bootstrap = f'127.0.0.1:{self.port}'
        self.settings = {
            'process.roles': 'broker,controller', 'node.id': '1', 'controller.quorum.voters': f'1@127.0.0.1:{self.controller}',
            'listeners': f'PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller}', 'advertised.listeners': f'PLAINTEXT://127.0.0.1:{self.port}',
            'controller.listener.names': 'CONTROLLER', 'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
            'log.dirs': str(self.folder / 'data'), 'offsets.topic.replication.factor': '1', 'transaction.state.log.replication.factor': '1',
            'transaction.state.log.min.isr': '1', 'offsets.topic.num.partitions': '5', 'transaction.state.log.num.partitions': '5',
            'group.initial.rebalance.delay.ms': '0', 'num.partitions': '1', **settings}
        self.process = None

    def start(self):
        properties = self.folder / 'kafka.properties'
        properties.write_text(''.join(f'{k}={v}\n' for k, v in self.settings.items()))
        if not (self.folder / 'data').exists():
            cluster = run(java('kafka.tools.StorageTool', 'random-uuid', version=self.version)).split()[-1]
            run(java('kafka.tools.StorageTool', 'format', '-t', cluster, '-c', str(properties), *self.format_options, version=self.version))
        with open(self.folder / 'kafka.log', 'ab') as log:
            self.process = subprocess.Popen(java('kafka.Kafka', str(properties), version=self.version), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until('Kafka answering', self.answers, 90, self.process)
        return self

    def answers(self):
        try:
            return AdminClient({'bootstrap.servers': self.bootstrap, 'log_level': 0}).list_topics(timeout=1) is not None
        except Exception:  # the client has one class for all its faults
            return False

    def stop(self, how=signal.SIGTERM):
        if self.process is not None:
            os.killpg(self.process.pid, how)
            self.process.wait(60)
        self.process = None

    # --------------------------------------------------------------- reading
    def topics(self):
        return AdminClient({'bootstrap.servers': self.bootstrap}).list_topics(timeout=20).topics

    def messages(self, topic, isolation='read_committed'):
        """All messages of a topic, partition by partition, as a consumer of that isolation sees them."""
        consumer = Consumer({'bootstrap.servers': self.bootstrap, 'group.id': 'test', 'enable.auto.commit': False, 'enable.partition.eof': True,
                             'auto.offset.reset': 'earliest', 'isolation.level': isolation})
        try:
            known = consumer.list_topics(topic, timeout=20).topics[topic]
            if known.error is not None:
                return []
            consumer.assign([TopicPartition(topic, p, 0) for p in known.partitions])
            ended, found = set(), []
            while len(ended) < len(known.partitions):
                message = consumer.poll(20)
                if message is None:
                    raise AssertionError(f'{topic} could not be read to its end')
                if message.error():
                    ended.add(message.partition())
                else:
                    found.append(message)
            return sorted(found, key=lambda m: (m.partition(), m.offset()))
        finally:
            consumer.close()

    # --------------------------------------------------------------- workers
    def worker_settings(self, group, **more):
        topics = {f'{role}.storage.topic': f'{group}-{role}s' for role in ('config', 'offset', 'status')}
        return {'bootstrap.servers': self.bootstrap, 'group.id': group, **topics, **{f'{role}.storage.replication.factor': '1' for role in ('config', 'offset', 'status')},
                'offset.storage.partitions': '5', 'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
                'value.converter': 'org.apache.kafka.connect.json.JsonConverter', 'offset.flush.interval.ms': '1000', **more}

    def worker(self, folder, group, **more):
        return KafkaWorker(folder, **self.worker_settings(group, **more))


class ZookeeperKafka(Kafka):
    """A broker of the time before KRaft could do transactions, with its ZooKeeper."""
    def __init__(self, folder, version):
        super().__init__(folder, version=version)
        self.zookeeper = None
        for name in ('process.roles', 'node.id', 'controller.quorum.voters', 'controller.listener.names', 'listener.security.protocol.map'):
            del self.settings[name]
        self.settings.update({'broker.id': '1', 'zookeeper.connect': f'127.0.0.1:{self.controller}', 'listeners': f'PLAINTEXT://127.0.0.1:{self.port}'})
        (self.folder / 'data').mkdir()

    def start(self):
        if self.zookeeper is None:
            properties = self.folder / 'zookeeper.properties'
            properties.write_text(f'dataDir={self.folder}/zookeeper\nclientPort={self.controller}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n')
            with open(self.folder / 'zookeeper.log', 'ab') as log:
                self.zookeeper = subprocess.Popen(java('org.apache.zookeeper.server.quorum.QuorumPeerMain', str(properties), heap='128m', version=self.version), stdout=log,
                                                  stderr=log, stdin=subprocess.DEVNULL)
        return super().start()

    def stop(self, how=signal.SIGTERM):
        super().stop(how)
        if self.zookeeper is not None:
            self.zookeeper.kill()
            self.zookeeper.wait()
        self.zookeeper = None


class KafkaWorker(Worker):
    """A millrace worker on Kafka."""
    def __init__(self, folder, fresh=True, **settings):
        super().__init__(folder, fresh=fresh, **settings)
        del self.settings['store.path']

    def start(self, failpoint=None, wait=True):
        super().start(failpoint, wait)
        if wait:
            wait_until('the group', self.is_healthy, 90, self.process)
        return self

    def task_state(self, name):
        try:
            return super().task_state(name)
        except HttpError:  # 404 before the first status, 409 while the group is put together
            return None

    def is_healthy(self):
        try:
            return self.get('/health')['status'] == 'healthy'
        except Exception:  # 503 until then
            return False


class Debezium(KafkaWorker):
    """Kafka Connect with Debezium's connectors, on the same topics and with the same properties."""
    stop_timeout = 180  # the JVM's own matter

    def start(self, failpoint=None, wait=True):
        properties = self.folder / 'connect.properties'
        properties.write_text(''.join(f'{k}={v}\n' for k, v in {**self.settings, 'plugin.discovery': 'only_scan'}.items()))
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(java('org.apache.kafka.connect.cli.ConnectDistributed', str(properties), heap='768m'), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        if wait:
            wait_until('Kafka Connect', self.is_healthy, 120, self.process)
        return self
