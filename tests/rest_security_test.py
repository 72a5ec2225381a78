"""Who may use the REST API and how: HTTPS with Java's key and trust stores, client certificates, basic authentication in the
form of Kafka Connect's extension, cross-origin requests, listeners for /admin, and bounds of requests."""
import base64, http.client, json, ssl, subprocess, unittest

from fixtures import FOLDER, fresh_database, kafka, server
from servers import run, wait_until
from worker import Worker, connector

SECRET = 'store-secret'


def keytool(*words):
    run(['keytool', *words])


class RestSecurity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = FOLDER / 'rest-security'
        cls.folder.mkdir(parents=True, exist_ok=True)
        for file in cls.folder.glob('*'):
            file.unlink()
        at = lambda name: str(cls.folder / name)
        cls.at = staticmethod(at)
        pair = ['-genkeypair', '-keyalg', 'RSA', '-validity', '3', '-storetype', 'PKCS12', '-storepass', SECRET]
        keytool(*pair, '-alias', 'server', '-dname', 'CN=localhost', '-ext', 'san=ip:127.0.0.1,dns:localhost', '-keystore', at('server.p12'))
        keytool(*pair, '-alias', 'client', '-dname', 'CN=client', '-keystore', at('client.p12'))
        for alias in ('server', 'client'):
            keytool('-exportcert', '-rfc', '-alias', alias, '-keystore', at(f'{alias}.p12'), '-storepass', SECRET, '-file', at(f'{alias}.pem'))
        for alias in ('server', 'client'):  # workers trust one another and the client
            keytool('-importcert', '-noprompt', '-alias', alias, '-file', at(f'{alias}.pem'), '-storetype', 'JKS', '-keystore', at('trust.jks'), '-storepass', SECRET)
        for alias in ('server', 'client'):
            run(['openssl', 'pkcs12', '-in', at(f'{alias}.p12'), '-passin', f'pass:{SECRET}', '-nodes', '-out', at(f'{alias}-pair.pem')])
        (cls.folder / 'users').write_text('# who may\nanna=pa=ss w\\u00f6rd\nbert=b\n')

    def worker(self, name=None, **settings):
        w = Worker(FOLDER / f'rest-security-{name or self._testMethodName[5:]}', **settings)
        self.addCleanup(w.kill)
        return w

    def https(self, w, **more):
        w.settings.update({'listeners': w.url.replace('http:', 'https:'), 'ssl.keystore.location': self.at('server.p12'), 'ssl.keystore.password': SECRET,
                           'ssl.keystore.type': 'PKCS12', **more})
        w.start(wait=False)
        wait_until('the worker listening', lambda: 'listens at https://' in w.log(), 20, w.process)
        return w

    def ask(self, w, method, path, headers={}, context=None, port=None, body=None):
        port = port or w.port
        connection = http.client.HTTPSConnection('127.0.0.1', port, context=context, timeout=30) if context else http.client.HTTPConnection('127.0.0.1', port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            connection.close()

    def context(self, trusted='server.pem', own=None):
        context = ssl.create_default_context(cafile=self.at(trusted))
        if own:
            context.load_cert_chain(self.at(own))
        return context

    def test_https_with_a_certificate_from_a_store(self):
        w = self.https(self.worker())
        self.assertEqual(self.ask(w, 'GET', '/', context=self.context())[0], 200)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.ask(w, 'GET', '/', context=self.context('client.pem'))
        old = self.context()
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.minimum_version = ssl.TLSVersion.TLSv1
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.ask(w, 'GET', '/', context=old)
        at = ['--at', f'https://localhost:{w.port}']
        self.assertIn('PARTITIONS', w.cli('topics', *at, '--cacert', self.at('server.pem')).stdout)
        self.assertNotEqual(w.cli('topics', *at, check=False).returncode, 0)

    def test_client_certificates(self):
        w = self.https(self.worker(), **{'listeners.https.ssl.client.auth': 'required', 'listeners.https.ssl.truststore.location': self.at('trust.jks'),
                                         'listeners.https.ssl.truststore.password': SECRET, 'listeners.https.ssl.keystore.location': self.at('server-pair.pem'),
                                         'listeners.https.ssl.keystore.type': 'PEM', 'ssl.keystore.location': '/none'})
        self.assertEqual(self.ask(w, 'GET', '/', context=self.context(own='client-pair.pem'))[0], 200)
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            self.ask(w, 'GET', '/', context=self.context())
        self.assertIn('PARTITIONS', w.cli('topics', '--at', f'https://localhost:{w.port}', '--cacert', self.at('server.pem'), '--cert', self.at('client-pair.pem')).stdout)

    def test_what_cannot_be_used_is_refused_at_the_start(self):
        for changes, words in (({'ssl.keystore.location': ''}, 'An https listener needs a certificate'),
                               ({'ssl.keystore.password': 'wrong'}, 'ssl.keystore.password'),
                               ({'ssl.keystore.location': self.at('client.pem'), 'ssl.keystore.type': 'PEM'}, 'ssl.keystore.location'),
                               ({'ssl.client.auth': 'maybe'}, 'must be one of'),
                               ({'listeners': 'ftp://x:1'}, 'https://HOST:PORT'),
                               ({'rest.extension.classes': 'com.example.Own'}, 'needs a JVM'),
                               ({'rest.extension.classes': 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension'}, 'rest.auth.jaas.file'),
                               ({'rest.auth.users.file': '/none'}, '/none'),
                               ({'response.http.headers.config': 'shout X: y'}, 'Invalid header config'),
                               ({'rest.advertised.listener': 'http'}, 'no listener of the kind')):
            with self.subTest(words):
                w = self.worker()
                w.settings.update({'listeners': w.url.replace('http:', 'https:'), 'ssl.keystore.location': self.at('server.p12'), 'ssl.keystore.password': SECRET,
                                   'ssl.keystore.type': 'PKCS12', **changes})
                w.start(wait=False)
                self.assertNotEqual(w.process.wait(20), 0)
                self.assertIn(words, w.log())
                self.assertNotIn(SECRET, w.log())

    def test_basic_authentication(self):
        own = {'rest.auth.users.file': self.at('users'), 'rest.auth.open.paths': '/health'}
        (self.folder / 'jaas.conf').write_text('Other { x required; };\nKafkaConnect {\n  org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required\n'
                                               f'  file="{self.at("users")}";\n}};\n')
        kafkas = {'rest.extension.classes': 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension', 'rest.auth.jaas.file': self.at('jaas.conf')}
        for label, settings in (('own', own), ('kafkas', kafkas)):
            with self.subTest(label):
                w = self.worker('basic-' + label, **settings)
                w.start(wait=False)
                wait_until('the worker listening', lambda: 'listens at http://' in w.log(), 20, w.process)
                basic = lambda user: {'Authorization': 'Basic ' + base64.b64encode(user.encode()).decode()}
                status, body, headers = self.ask(w, 'GET', '/connectors')
                self.assertEqual((status, body), (401, 'User cannot access the resource.'))
                self.assertIn('Basic', headers['WWW-Authenticate'])
                for user, expected in (('anna:pa=ss wörd', 200), ('bert:b', 200), ('bert:', 401), ('bert:bb', 401), ('anna', 401), ('carl:c', 401), (':', 401)):
                    self.assertEqual(self.ask(w, 'GET', '/connectors', basic(user))[0], expected, user)
                self.assertEqual(self.ask(w, 'DELETE', '/connectors/none', {'Authorization': 'Basic !!!'})[0], 401)
                self.assertEqual(self.ask(w, 'GET', '/health')[0], 200 if label == 'own' else 401)
                self.assertIn('PARTITIONS', w.cli('topics', '--at', w.url, '--user', 'bert:b').stdout)
                self.assertNotIn('wörd', w.log())

    def test_cross_origin_requests(self):
        w = self.worker(**{'access.control.allow.origin': 'http://good.example', 'access.control.allow.methods': 'GET,PUT',
                           'response.http.headers.config': 'add X-A: b, "set X-C: d,e"'}).start()
        status, body, headers = self.ask(w, 'GET', '/connectors', {'Origin': 'http://good.example'})
        self.assertEqual((status, headers['Access-Control-Allow-Origin'], headers['Vary'], headers['X-A'], headers['X-C']), (200, 'http://good.example', 'Origin', 'b', 'd,e'))
        status, body, headers = self.ask(w, 'OPTIONS', '/connectors', {'Origin': 'http://good.example', 'Access-Control-Request-Method': 'PUT'})
        self.assertEqual((status, headers['Access-Control-Allow-Methods'], headers['Access-Control-Max-Age']), (200, 'GET,PUT', '60'))
        self.assertEqual(set(headers['Allow'].split(',')), {'HEAD', 'POST', 'GET', 'OPTIONS'})
        status, body, headers = self.ask(w, 'GET', '/connectors', {'Origin': 'http://bad.example'})
        self.assertEqual((status, headers['Access-Control-Allow-Origin'], headers['Vary']), (200, None, 'Origin'))
        self.assertEqual(self.ask(w, 'HEAD', '/connectors')[:2], (200, ''))

    def test_listeners_for_the_administrator(self):
        first, second, admin = Worker(FOLDER / 'unused'), Worker(FOLDER / 'unused'), Worker(FOLDER / 'unused')
        w = self.worker()
        w.settings.update({'listeners': f'{w.url},{second.url}', 'admin.listeners': admin.url})
        w.start()
        for port, expected in ((w.port, (200, 404)), (second.port, (200, 404)), (admin.port, (404, 200))):
            self.assertEqual((self.ask(w, 'GET', '/connectors', port=port)[0], self.ask(w, 'GET', '/admin/loggers', port=port)[0]), expected)
        w.stop()
        w.settings['admin.listeners'] = ''
        w.start()
        self.assertEqual(self.ask(w, 'GET', '/admin/loggers')[0], 404)

    def test_bounds_of_a_request(self):
        w = self.worker(**{'rest.request.bytes.max': '2000', 'rest.request.timeout.ms': '500'}).start()
        status, body, _ = self.ask(w, 'POST', '/connectors', body=b'x' * 3000)
        self.assertEqual((status, json.loads(body)['error_code']), (413, 413))
        half = http.client.HTTPConnection('127.0.0.1', w.port, timeout=10)
        half.putrequest('POST', '/connectors')
        half.putheader('Content-Length', '100')
        half.endheaders()
        half.send(b'{')
        self.assertGreaterEqual(half.getresponse().status, 400)  # within the time, not kept for ever
        half.close()
        self.assertEqual(self.ask(w, 'GET', '/connectors')[0], 200)

    def test_workers_pass_requests_on_over_https(self):
        s = server('mariadb')
        fresh_database(s, 'passed')
        s.sql('CREATE TABLE passed.t (id INT PRIMARY KEY)')
        tls = {'ssl.truststore.location': self.at('trust.jks'), 'ssl.truststore.password': SECRET, 'ssl.truststore.type': 'JKS', 'ssl.client.auth': 'required',
               'rest.auth.users.file': self.at('users')}
        workers = []
        for n in range(2):
            w = kafka().worker(FOLDER / f'passed-{n}', 'passed')
            self.addCleanup(w.kill)
            workers.append(self.https(w, **tls))
        context = self.context(own='client-pair.pem')
        headers = {'Authorization': 'Basic ' + base64.b64encode(b'bert:b').decode(), 'Content-Type': 'application/json'}
        for w in workers:
            wait_until('the group', lambda: self.ask(w, 'GET', '/health', headers, context)[0] == 200, 60, w.process)
        follower = next(w for w in workers if 'this worker is the leader' not in w.log())
        body = json.dumps({'name': 'p', 'config': connector(s, 'passed', **{'database.include.list': 'passed'})}).encode()
        status, answer, more = self.ask(follower, 'POST', '/connectors', headers, context, body=body)
        self.assertEqual(status, 201, answer)
        self.assertTrue(more['Location'].startswith('https://'), more['Location'])
        self.assertEqual(self.ask(follower, 'POST', '/connectors', {}, context, body=body)[0], 401)
        for w in workers:
            wait_until('RUNNING', lambda: [t['state'] for t in json.loads(self.ask(w, 'GET', '/connectors/p/status', headers, context)[1]).get('tasks', [])] == ['RUNNING'], 60)


if __name__ == '__main__':
    unittest.main()
