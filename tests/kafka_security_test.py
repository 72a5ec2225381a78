"""Each way of proving who one is to a Kafka broker, with the properties as Java's clients take them: key and trust stores
as JKS, PKCS12 and PEM, JAAS lines; against a real broker that lets nobody else in."""
import os, subprocess, unittest

from fixtures import FOLDER, fresh_database, server
from kafka import Kafka
from servers import free_port, run, wait_until
from worker import connector

SECRET = 'store-secret'


def keytool(*words):
    run(['keytool', *words])


class Security(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = FOLDER / 'security'
        cls.sasl, cls.ssl = free_port(), free_port()
        plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="a" user_admin="a" user_mill="it\\"s; secret";'
        cls.broker = Kafka(folder, format_options=['--add-scram', 'SCRAM-SHA-512=[name=scram,password=scram-secret]'], **{
            'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL', 'inter.broker.listener.name': 'PLAINTEXT',
            'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512', 'listener.name.sasl_ssl.plain.sasl.jaas.config': plain.replace('\\', '\\\\'),
            'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
            'ssl.keystore.location': str(folder / 'server.p12'), 'ssl.keystore.password': SECRET, 'ssl.keystore.type': 'PKCS12',
            'ssl.truststore.location': str(folder / 'clients.jks'), 'ssl.truststore.password': SECRET, 'listener.name.ssl.ssl.client.auth': 'required'})
        for key in ('listeners', 'advertised.listeners'):
            cls.broker.settings[key] += f',SASL_SSL://127.0.0.1:{cls.sasl},SSL://127.0.0.1:{cls.ssl}'
        at = lambda name: str(folder / name)
        pair = ['-genkeypair', '-keyalg', 'RSA', '-validity', '3', '-storepass', SECRET]
        keytool(*pair, '-alias', 'server', '-dname', 'CN=localhost', '-ext', 'san=ip:127.0.0.1,dns:localhost', '-storetype', 'PKCS12', '-keystore', at('server.p12'))
        keytool(*pair, '-keypass', 'key-secret', '-alias', 'client', '-dname', 'CN=client', '-storetype', 'JKS', '-keystore', at('client.jks'))
        for alias, store, kind in (('server', 'server.p12', 'PKCS12'), ('client', 'client.jks', 'JKS')):
            keytool('-exportcert', '-rfc', '-alias', alias, '-keystore', at(store), '-storetype', kind, '-storepass', SECRET, '-file', at(f'{alias}.pem'))
        for name, alias, kind in (('clients.jks', 'client', 'JKS'), ('trust.jks', 'server', 'JKS'), ('trust.p12', 'server', 'PKCS12')):
            keytool('-importcert', '-noprompt', '-alias', alias, '-file', at(f'{alias}.pem'), '-storetype', kind, '-keystore', at(name), '-storepass', SECRET)
        keytool('-importkeystore', '-noprompt', '-srckeystore', at('client.jks'), '-srcstorepass', SECRET, '-srckeypass', 'key-secret', '-srcalias', 'client', '-destkeystore', at('client.p12'),
                '-deststoretype', 'PKCS12', '-deststorepass', SECRET, '-destkeypass', SECRET)
        cls.broker.start()
        cls.server = server('mariadb')
        fresh_database(cls.server, 'secured')
        cls.server.sql('CREATE TABLE secured.t (id INT PRIMARY KEY)', 'INSERT INTO secured.t VALUES (1)')

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()

    def captures(self, port, **properties):
        name = self._testMethodName
        settings = {**properties, 'bootstrap.servers': f'127.0.0.1:{port}', **{k.replace('\\', '\\\\'): v for k, v in properties.items()}}
        worker = self.broker.worker(FOLDER / name, name, **{k: v.replace('\\', '\\\\') for k, v in settings.items()})
        self.addCleanup(worker.kill)
        worker.start()
        worker.create(name, connector(self.server, name, **{'database.include.list': 'secured'}))
        wait_until('the row', lambda: len(self.broker.messages(f'{name}.secured.t')) == 1, 60, worker.process)
        self.assertNotIn('secret', worker.log())
        self.assertEqual(worker.stop(), 0)

    def file(self, name):
        return str(self.broker.folder / name)

    def test_plain_with_a_jks_trust_store(self):
        self.captures(self.sasl, **{'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN', 'ssl.truststore.location': self.file('trust.jks'), 'ssl.truststore.password': SECRET,
                                    'sasl.jaas.config': 'org.apache.kafka.common.security.plain.PlainLoginModule required username="mill" password="it\\"s; secret";'})

    def test_scram_with_a_pkcs12_trust_store(self):
        self.captures(self.sasl, **{'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'SCRAM-SHA-512', 'ssl.truststore.location': self.file('trust.p12'), 'ssl.truststore.password': SECRET,
                                    'ssl.truststore.type': 'PKCS12',
                                    'sasl.jaas.config': "org.apache.kafka.common.security.scram.ScramLoginModule required username='scram' password='scram-secret';"})

    def test_a_client_certificate_from_jks(self):
        self.captures(self.ssl, **{'security.protocol': 'SSL', 'ssl.truststore.location': self.file('trust.jks'), 'ssl.truststore.password': SECRET, 'ssl.keystore.location': self.file('client.jks'),
                                   'ssl.keystore.password': SECRET, 'ssl.key.password': 'key-secret'})

    def test_a_client_certificate_from_pkcs12_and_a_pem_trust_store(self):
        self.captures(self.ssl, **{'security.protocol': 'SSL', 'ssl.truststore.location': self.file('server.pem'), 'ssl.truststore.type': 'PEM', 'ssl.keystore.location': self.file('client.p12'),
                                   'ssl.keystore.password': SECRET, 'ssl.keystore.type': 'PKCS12'})

    def test_wrong_secrets_are_told_without_being_told(self):
        for properties, words in (({'ssl.truststore.location': self.file('trust.jks'), 'ssl.truststore.password': SECRET, 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN',
                                    'sasl.jaas.config': 'x.PlainLoginModule required username="mill" password="other-secret";'}, 'Failed to connect to and describe Kafka cluster'),
                                  ({'ssl.keystore.location': self.file('client.p12'), 'ssl.keystore.password': 'other-secret', 'security.protocol': 'SSL'},
                                   "it is damaged or 'ssl.keystore.password' is wrong"),
                                  ({'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': 'nonsense'}, "is no JAAS line")):
            worker = self.broker.worker(FOLDER / 'insecure', 'insecure', **{'bootstrap.servers': f'127.0.0.1:{self.sasl}', 'kafka.api.timeout.ms': '3000', **properties})
            self.addCleanup(worker.kill)
            worker.start(wait=False)
            self.assertIn(worker.process.wait(60), (2, 3))
            self.assertIn(words, worker.log())
            self.assertNotIn('other-secret', worker.log())


if __name__ == '__main__':
    unittest.main()
