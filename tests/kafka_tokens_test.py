"""Kafka brokers that want a token of an OAuth server (OAUTHBEARER, OIDC client credentials) or a Kerberos ticket (GSSAPI),
with the properties as Java's clients take them."""
import base64, http.server, json, os, subprocess, threading, time, unittest, urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from fixtures import FOLDER, fresh_database, server
from kafka import Kafka
from servers import free_port, run, wait_until
from worker import connector


def encoded(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b'=').decode()


class TokenServer(threading.Thread):
    """Gives RS256 tokens that are good for a few seconds to one client, and its key to whoever asks."""
    SECRET, SECONDS = 'oauth-secret', 6

    def __init__(self):
        super().__init__(daemon=True)
        self.key = rsa.generate_private_key(65537, 2048)
        self.given = 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers['Content-Length'])).decode())
                basic = base64.b64encode(f'millrace:{owner.SECRET}'.encode()).decode()
                if self.headers.get('Authorization') != f'Basic {basic}' or form.get('grant_type') != ['client_credentials']:
                    return self.answer(401, {'error': 'invalid_client'})
                owner.given += 1
                self.answer(200, {'access_token': owner.token(), 'token_type': 'Bearer', 'expires_in': owner.SECONDS})

            def do_GET(self):
                numbers = owner.key.public_key().public_numbers()
                self.answer(200, {'keys': [{'kty': 'RSA', 'kid': 'k', 'use': 'sig', 'alg': 'RS256', 'n': encoded(numbers.n.to_bytes(256, 'big')), 'e': 'AQAB'}]})

            def answer(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        self.start()

    def token(self):
        now = int(time.time())
        text = encoded({'alg': 'RS256', 'kid': 'k', 'typ': 'JWT'}) + '.' + encoded({'sub': 'millrace', 'aud': 'kafka', 'iss': 'tests', 'iat': now, 'exp': now + self.SECONDS, 'scope': 'kafka'})
        return text + '.' + encoded(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))

    def run(self):
        self.server.serve_forever()


class Kerberos:
    """A realm of its own: a KDC, the broker's key, and ours."""
    def __init__(self, folder):
        self.folder, port = folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.glob('*'):
            file.unlink()
        (folder / 'krb5.conf').write_text(f'[libdefaults]\n default_realm = TEST\n dns_lookup_kdc = false\n rdns = false\n udp_preference_limit = 1\n'
                                          f'[realms]\n TEST = {{\n  kdc = 127.0.0.1:{port}\n }}\n[domain_realm]\n localhost = TEST\n')
        (folder / 'kdc.conf').write_text(f'[realms]\n TEST = {{\n  database_name = {folder}/principal\n  key_stash_file = {folder}/stash\n  kdc_listen = 127.0.0.1:{port}\n'
                                         f'  kdc_tcp_listen = 127.0.0.1:{port}\n  max_life = 1h\n }}\n')
        self.environment = {'KRB5_CONFIG': str(folder / 'krb5.conf'), 'KRB5_KDC_PROFILE': str(folder / 'kdc.conf'), 'KRB5CCNAME': f'FILE:{folder}/tickets'}
        tool = lambda *words: subprocess.run(words, env={**os.environ, **self.environment}, check=True, capture_output=True)
        tool('/usr/sbin/kdb5_util', 'create', '-s', '-r', 'TEST', '-P', 'master')
        for principal, keytab in (('kafka/localhost', 'broker.keytab'), ('millrace', 'client.keytab')):
            tool('/usr/sbin/kadmin.local', 'addprinc', '-randkey', principal)
            tool('/usr/sbin/kadmin.local', 'ktadd', '-k', str(folder / keytab), principal)
        self.kdc = subprocess.Popen(['/usr/sbin/krb5kdc', '-n', '-r', 'TEST'], env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        wait_until('the KDC', lambda: subprocess.run(['kinit', '-k', '-t', str(folder / 'client.keytab'), 'millrace'], env={**os.environ, **self.environment},
                                                     capture_output=True).returncode == 0, 20, self.kdc)

    def stop(self):
        self.kdc.kill()
        self.kdc.wait()


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokens = TokenServer()
        cls.kerberos = Kerberos(FOLDER / 'kerberos')
        cls.addClassCleanup(cls.kerberos.stop)
        before = dict(os.environ)
        cls.addClassCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ.update(cls.kerberos.environment)
        os.environ['JAVA_TOOL_OPTIONS'] = f'-Djava.security.krb5.conf={cls.kerberos.folder}/krb5.conf -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={cls.tokens.url}/jwks'
        cls.port = free_port()
        prefix = 'listener.name.sasl_plaintext'
        cls.broker = Kafka(FOLDER / 'tokens', **{
            'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT', 'inter.broker.listener.name': 'PLAINTEXT',
            'sasl.enabled.mechanisms': 'OAUTHBEARER,GSSAPI', 'sasl.kerberos.service.name': 'kafka',
            f'{prefix}.oauthbearer.sasl.jaas.config': 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
            f'{prefix}.oauthbearer.sasl.server.callback.handler.class': 'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler',
            f'{prefix}.oauthbearer.connections.max.reauth.ms': '6000',
            'sasl.oauthbearer.jwks.endpoint.url': f'{cls.tokens.url}/jwks', 'sasl.oauthbearer.expected.audience': 'kafka',
            f'{prefix}.gssapi.sasl.jaas.config': f'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true keyTab="{cls.kerberos.folder}/broker.keytab" '
                                                 'principal="kafka/localhost@TEST";'})
        for key in ('listeners', 'advertised.listeners'):
            cls.broker.settings[key] += f',SASL_PLAINTEXT://localhost:{cls.port}'
        cls.broker.start()
        cls.addClassCleanup(cls.broker.stop)
        cls.server = server('mariadb')
        fresh_database(cls.server, 'tokened')
        cls.server.sql('CREATE TABLE tokened.t (id INT PRIMARY KEY)', 'INSERT INTO tokened.t VALUES (1)')

    def worker(self, name, **properties):
        w = self.broker.worker(FOLDER / f'tokens-{name}', name, **{'security.protocol': 'SASL_PLAINTEXT', **properties, 'bootstrap.servers': f'localhost:{self.port}'})
        self.addCleanup(w.kill)
        return w

    def captures(self, name, **properties):
        w = self.worker(name, **properties).start()
        w.create(name, connector(self.server, name, **{'database.include.list': 'tokened'}))
        wait_until('the row', lambda: len(self.broker.messages(f'{name}.tokened.t')) >= 1, 60, w.process)
        self.assertNotIn('secret', w.log())
        return w

    def oauth(self, **more):
        return {'sasl.mechanism': 'OAUTHBEARER', 'sasl.oauthbearer.token.endpoint.url': f'{self.tokens.url}/token',
                'sasl.login.callback.handler.class': 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler', **more}

    def test_oauth_tokens_are_fetched_and_refreshed(self):
        jaas = f'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId="millrace" clientSecret="{TokenServer.SECRET}" scope="kafka";'
        w = self.captures('oauth', **self.oauth(**{'sasl.jaas.config': jaas}))
        given = self.tokens.given
        wait_until('new tokens', lambda: self.tokens.given >= given + 6, 60)  # each client of the worker's has had one that ran out
        self.server.sql('INSERT INTO tokened.t VALUES (2)')
        wait_until('the next row', lambda: len(self.broker.messages('oauth.tokened.t')) >= 2, 30, w.process)
        self.assertEqual(w.task_state('oauth'), 'RUNNING')
        self.server.sql('DELETE FROM tokened.t WHERE id = 2')

    def test_oauth_without_jaas_options(self):
        self.captures('oauth2', **self.oauth(**{'sasl.oauthbearer.client.credentials.client.id': 'millrace', 'sasl.oauthbearer.client.credentials.client.secret': TokenServer.SECRET}))

    def test_a_wrong_secret_is_told(self):
        w = self.worker('oauth3', **self.oauth(**{'kafka.api.timeout.ms': '3000', 'sasl.jaas.config':
            'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId="millrace" clientSecret="no-good";'}))
        w.start(wait=False)
        self.assertNotEqual(w.process.wait(60), 0)
        self.assertRegex(w.log(), 'invalid_client|401')
        self.assertNotIn('no-good', w.log())

    def test_kerberos_tickets(self):
        jaas = f'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true keyTab="{self.kerberos.folder}/client.keytab" principal="millrace@TEST";'
        w = self.captures('kerberos', **{'sasl.mechanism': 'GSSAPI', 'sasl.kerberos.service.name': 'kafka', 'sasl.jaas.config': jaas})
        self.assertEqual(w.stop(), 0)


if __name__ == '__main__':
    unittest.main()
