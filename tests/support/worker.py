"""A real millrace worker under test, driven over HTTP as its users drive it."""
import base64, json, os, pathlib, re, shutil, signal, subprocess, urllib.error, urllib.parse, urllib.request

from servers import BUILD, free_port, wait_until


class HttpError(Exception):
    def __init__(self, status, body):
        super().__init__(f'{status} {body}')
        self.status, self.body = status, body


class Worker:
    def __init__(self, folder, binary=None, fresh=True, **settings):
        self.folder = pathlib.Path(folder)
        if fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.binary = str(binary or os.environ.get('MILLRACE', BUILD / 'release' / 'millrace'))
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.settings = {'store.path': str(self.folder / 'store'), 'listeners': self.url, 'offset.flush.interval.ms': '1000', **settings}
        self.process = None
        self.log_path = self.folder / 'worker.log'

    # ------------------------------------------------------------------ life
    def start(self, failpoint=None, wait=True):
        properties = self.folder / 'worker.properties'
        properties.write_text(''.join(f'{k}={v}\n' for k, v in self.settings.items()))
        env = {k: v for k, v in os.environ.items() if k != 'MILLRACE_FAILPOINT'}
        if failpoint:
            env['MILLRACE_FAILPOINT'] = failpoint
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen([self.binary, 'worker', str(properties)], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)
        if wait:
            wait_until('the worker answering', self.answers, 20, self.process)
        return self

    def answers(self):
        try:
            return self.get('/') is not None
        except (OSError, HttpError):
            return False

    stop_timeout = 60

    def stop(self):
        """SIGTERM; returns the exit code."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(self.stop_timeout)
        self.process = None
        return code

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors='replace')

    # ------------------------------------------------------------------ REST
    def request(self, method, path, body=None, timeout=90):
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {'Content-Type': 'application/json'}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            raise HttpError(error.code, error.read().decode()) from None

    def get(self, path):
        return json.loads(self.request('GET', path)[1])

    def create(self, name, config):
        return json.loads(self.request('POST', '/connectors', {'name': name, 'config': config})[1])

    def status(self, name):
        return self.get(f'/connectors/{name}/status')

    def task_state(self, name):
        status = self.status(name)
        return status['tasks'][0]['state'] if status['tasks'] else status['connector']['state']

    def wait_running(self, name, timeout=60):
        return wait_until(f'{name} RUNNING', lambda: self.task_state(name) == 'RUNNING', timeout, self.process)

    def wait_failed(self, name, timeout=60):
        """The trace of the failure."""
        wait_until(f'{name} FAILED', lambda: self.task_state(name) == 'FAILED', timeout, self.process)
        return self.status(name)['tasks'][0]['trace']

    def wait_log(self, pattern, timeout=60):
        return wait_until(f'/{pattern}/ in the log', lambda: re.search(pattern, self.log()), timeout, self.process)

    # ---------------------------------------------------------------- topics
    def topics(self):
        return {t['name']: t['records'] for t in self.get('/topics')}

    def records(self, topic):
        """All records of a topic, as `topics export` prints them."""
        r = subprocess.run([self.binary, 'topics', 'export', topic, '--at', self.url], capture_output=True)
        if r.returncode:
            raise AssertionError(r.stderr.decode())
        return [json.loads(line) for line in r.stdout.decode().split('\n') if line]

    def events(self, topic):
        """The payloads of a topic's values (None for tombstones)."""
        return [payload(r['v']) for r in self.records(topic)]

    def wait_records(self, topic, count, timeout=60):
        return wait_until(f'{count} records in {topic}', lambda: self.topics().get(topic, 0) >= count, timeout, self.process)

    def cli(self, *words, check=True):
        r = subprocess.run([self.binary, *words], capture_output=True, text=True, timeout=60)
        if check and r.returncode:
            raise AssertionError(f'millrace {" ".join(words)}: {r.returncode} {r.stderr}')
        return r


def payload(text):
    if text is None:
        return None
    value = json.loads(text)
    return value['payload'] if isinstance(value, dict) and 'schema' in value else value


def connector(server, prefix, **more):
    """A connector's configuration for this server."""
    kind = server.kind
    if kind == 'postgres':
        return {'connector.class': 'io.debezium.connector.postgresql.PostgresConnector', 'tasks.max': '1', 'database.hostname': '127.0.0.1',
                'database.port': str(server.port), 'database.user': 'postgres', 'plugin.name': 'pgoutput', 'topic.prefix': prefix,
                **{k: str(v) for k, v in more.items()}}
    config = {
        'connector.class': 'io.debezium.connector.mysql.MySqlConnector' if kind == 'mysql' else 'io.debezium.connector.mariadb.MariaDbConnector',
        'tasks.max': '1', 'database.hostname': '127.0.0.1', 'database.port': str(server.port), 'database.user': 'debezium', 'database.password': 'dbz',
        'database.server.id': '184054', 'topic.prefix': prefix, 'schema.history.internal.kafka.bootstrap.servers': 'unused:9092',
        'schema.history.internal.kafka.topic': f'schemahistory.{prefix}'}
    config.update({k: str(v) for k, v in more.items()})
    return config
