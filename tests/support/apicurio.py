"""A real Apicurio Registry for tests, with its data in a file; tools/install_apicurio.sh fetches it."""
import json, os, pathlib, shutil, signal, subprocess, urllib.request

from kafka import CACHE
from servers import free_port, wait_until


class Apicurio:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.root = f'http://127.0.0.1:{self.port}/apis'
        self.url = f'{self.root}/ccompat/v7'
        self.process = None
        self.known = {}

    def start(self):
        home = CACHE / 'apicurio'
        if not (home / 'registry').exists():
            raise AssertionError(f'Apicurio is missing: there is no {home}; ./dev test fetches it')
        environment = {**os.environ, 'QUARKUS_HTTP_HOST': '127.0.0.1', 'QUARKUS_HTTP_PORT': str(self.port), 'APICURIO_DATASOURCE_URL': f'jdbc:h2:file:{self.folder}/registry'}
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen([home / 'java/bin/java', '-Xmx512m', '-jar', home / 'registry/quarkus-run.jar'], cwd=home / 'registry', env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until('Apicurio answering', self.answers, 90, self.process)
        return self

    def get(self, path):
        with urllib.request.urlopen(self.root + path, timeout=10) as answer:
            return json.loads(answer.read())

    def answers(self):
        try:
            return self.get('/ccompat/v7/subjects') is not None
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)  # its H2 writes what it holds
            self.process.wait(60)
        self.process = None

    @property
    def subjects(self):
        return set(self.get('/ccompat/v7/subjects'))

    def schema(self, number):
        if number not in self.known:
            self.known[number] = json.loads(self.get(f'/ccompat/v7/schemas/ids/{number}')['schema'])
        return self.known[number]
