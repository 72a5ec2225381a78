"""The same requests to real Kafka Connect with Debezium and to Millrace: the same status codes and bodies. Volatile values
(addresses, times, versions) are taken out; what may differ is in explained(), with why."""
import json, re, time, unittest

from fixtures import FOLDER, fresh_database, kafka, server
from kafka import Debezium
from servers import wait_until
from worker import HttpError, connector

MARIADB = 'io.debezium.connector.mariadb.MariaDbConnector'


def explained(connect, millrace):
    """Why two answers may differ, or None."""
    text = connect[4].get('message', '') if isinstance(connect[4], dict) else ''
    if connect[3] == millrace[3] == 500 and ('[Source: REDACTED' in text or 'Cannot invoke "' in text):
        return "what a JSON parser or a null pointer says of a body that is none is Java's own; the status is the same"
    settled = lambda answer: json.dumps(answer[4]).replace('"RESTARTING"', '"RUNNING"').replace('null', '"*"')
    if '/restart?' in connect[1] and connect[3] == millrace[3] == 202 and settled(connect) == settled(millrace):
        return 'Kafka Connect restarts in the background: a second request may meet the first restart still going on'
    return None


def once(answer):
    """Debezium says the same of a value twice: its lines once, and their number accordingly."""
    if not isinstance(answer, dict) or 'error(s):' not in answer.get('message', ''):
        return answer
    lines = list(dict.fromkeys(answer['message'].split('\n')))
    return {**answer, 'message': re.sub(r'following \d+ error', f'following {len(lines) - 2} error', '\n'.join(lines))}



def requests(config):
    """(method, path, body) in order; a name in capitals stands for something that the run waits for."""
    bad = lambda **changes: {'name': 'bad', 'config': {k: v for k, v in {**config, 'topic.prefix': 'bad', **changes}.items() if v is not None}}
    yield 'GET', '/', None
    yield 'GET', '/health', None
    yield 'GET', '/nope', None
    yield 'POST', '/', {}
    yield 'DELETE', '/', None
    yield 'GET', '/connectors', None
    yield 'GET', '/connectors?expand=status', None
    yield 'GET', '/connectors?expand=info&expand=status', None
    yield 'DELETE', '/connectors', None
    yield 'PUT', '/connectors', {}
    yield 'PATCH', '/connectors', {}
    for path in ('', '/config', '/status', '/tasks', '/topics', '/offsets', '/tasks/0/status'):
        yield 'GET', f'/connectors/none{path}', None
    for verb in ('pause', 'resume', 'stop', 'topics/reset'):
        yield 'PUT', f'/connectors/none/{verb}', None
        yield 'GET', f'/connectors/none/{verb}', None
        yield 'POST', f'/connectors/none/{verb}', None
    yield 'POST', '/connectors/none/restart', None
    yield 'POST', '/connectors/none/restart?includeTasks=true', None
    yield 'PUT', '/connectors/none/restart', None
    yield 'POST', '/connectors/none/tasks/0/restart', None
    yield 'GET', '/connectors/none/tasks/0/restart', None
    yield 'DELETE', '/connectors/none', None
    yield 'PATCH', '/connectors/none/config', {'a': 'b'}
    yield 'PATCH', '/connectors/none/offsets', {'offsets': [{'partition': {'server': 'x'}, 'offset': {'file': 'f', 'pos': 4}}]}
    yield 'DELETE', '/connectors/none/offsets', None
    yield 'POST', '/connectors/none/offsets', {}
    yield 'DELETE', '/connectors/none/status', None
    # creating
    yield 'POST', '/connectors', b'{"name":'
    yield 'POST', '/connectors', b''
    yield 'POST', '/connectors', b'[]'
    yield 'POST', '/connectors', b'"x"'
    yield 'POST', '/connectors', {}
    yield 'POST', '/connectors', {'name': 'x'}
    yield 'POST', '/connectors', {'name': 'x', 'config': {}}
    yield 'POST', '/connectors', {'name': '', 'config': config}
    yield 'POST', '/connectors', {'name': '  ', 'config': config}
    yield 'POST', '/connectors', {'name': 'x', 'konfig': {}}
    yield 'POST', '/connectors', {'name': 'my', 'config': {'name': 'my'}}
    yield 'POST', '/connectors', {'name': 'x', 'config': {**config, 'name': 'y'}}
    yield 'POST', '/connectors', {'name': 'x', 'config': config, 'initial_state': 'BROKEN'}
    yield 'POST', '/connectors', bad(**{'connector.class': 'Nope'})
    yield 'POST', '/connectors', bad(**{'topic.prefix': None})
    yield 'POST', '/connectors', bad(**{'topic.prefix': 'a b'})
    yield 'POST', '/connectors', bad(**{'max.queue.size': '10'})
    yield 'POST', '/connectors', bad(**{'tasks.max': '0'})
    yield 'POST', '/connectors', bad(**{'tasks.max': 'many'})
    yield 'POST', '/connectors', bad(**{'database.port': 'no'})
    yield 'POST', '/connectors', bad(**{'snapshot.mode': 'sometimes'})
    yield 'POST', '/connectors', bad(**{'errors.tolerance': 'some'})
    yield 'POST', '/connectors', bad(**{'tombstones.on.delete': 'perhaps'})
    yield 'POST', '/connectors', bad(**{'transaction.boundary': 'never'})
    yield 'POST', '/connectors', bad(**{'exactly.once.support': 'maybe'})
    yield 'POST', '/connectors', bad(**{'exactly.once.support': 'required'})
    yield 'POST', '/connectors', bad(**{'transaction.boundary': 'connector'})
    yield 'POST', '/connectors', bad(**{'producer.override.linger.ms': '5'})
    yield 'PUT', '/connectors/other/config', {**config, 'name': 'another'}
    yield 'PUT', '/connectors/other/config', b'{'
    yield 'POST', '/connectors', {'name': 'c', 'config': config}
    yield 'RUNNING', 'c', None
    yield 'POST', '/connectors', {'name': 'c', 'config': config}
    yield 'GET', '/connectors', None
    yield 'TOPICS', 'c', None
    yield 'OFFSETS', 'c', None
    for path in ('', '/config', '/status', '/tasks', '/topics', '/tasks/0/status', '/tasks/7/status', '/offsets', '/nope', '/tasks/x/status'):
        yield 'GET', f'/connectors/c{path}', None
    yield 'GET', '/connectors?expand=status', None
    yield 'GET', '/connectors?expand=info', None
    yield 'GET', '/connectors?expand=info&expand=status', None
    yield 'GET', '/connectors?expand=nope', None
    yield 'PATCH', '/connectors/c/offsets', {'offsets': [{'partition': {'server': 'c'}, 'offset': {'file': 'f', 'pos': 4}}]}
    yield 'DELETE', '/connectors/c/offsets', None
    yield 'PATCH', '/connectors/c/offsets', {}
    yield 'PATCH', '/connectors/c/offsets', {'offsets': []}
    yield 'PATCH', '/connectors/c/offsets', b'{'
    # states
    yield 'PUT', '/connectors/c/pause', None
    yield 'STATE', 'c', 'PAUSED'
    yield 'GET', '/connectors/c/status', None
    yield 'PUT', '/connectors/c/pause', None
    yield 'POST', '/connectors/c/restart', None
    yield 'STATE', 'c', 'PAUSED'
    yield 'PUT', '/connectors/c/resume', None
    yield 'RUNNING', 'c', None
    yield 'GET', '/connectors/c/status', None
    yield 'POST', '/connectors/c/restart', None
    yield 'RUNNING', 'c', None
    yield 'POST', '/connectors/c/restart?includeTasks=true', None
    yield 'RUNNING', 'c', None
    yield 'POST', '/connectors/c/restart?onlyFailed=true', None
    yield 'POST', '/connectors/c/restart?onlyFailed=true&includeTasks=true', None
    yield 'RUNNING', 'c', None
    yield 'POST', '/connectors/c/tasks/0/restart', None
    yield 'RUNNING', 'c', None
    yield 'POST', '/connectors/c/tasks/9/restart', None
    # configurations
    yield 'PUT', '/connectors/c/config', config
    yield 'PUT', '/connectors/c/config', {**config, 'tombstones.on.delete': 'false'}
    yield 'RUNNING', 'c', None
    yield 'GET', '/connectors/c/config', None
    yield 'PATCH', '/connectors/c/config', {'tombstones.on.delete': None, 'snapshot.delay.ms': '0'}
    yield 'RUNNING', 'c', None
    yield 'GET', '/connectors/c/config', None
    yield 'PATCH', '/connectors/c/config', {'database.port': 'x'}
    yield 'PATCH', '/connectors/c/config', b'['
    yield 'PUT', '/connectors/c/config', {**config, 'topic.prefix': 'x y'}
    yield 'GET', '/connectors/c/tasks', None
    yield 'PUT', '/connectors/c/topics/reset', None
    yield 'DELETE', '/connectors/c/config', None
    # stopped
    yield 'PUT', '/connectors/c/stop', None
    yield 'STATE', 'c', 'STOPPED'
    yield 'GET', '/connectors/c', None
    yield 'GET', '/connectors/c/status', None
    yield 'GET', '/connectors/c/tasks', None
    yield 'GET', '/connectors/c/tasks/0/status', None
    yield 'POST', '/connectors/c/tasks/0/restart', None
    yield 'PATCH', '/connectors/c/offsets', {'offsets': [{'partition': {'server': 'c'}, 'offset': {'ts_sec': 1, 'file': 'mysql-bin.000001', 'pos': 4}}]}
    yield 'GET', '/connectors/c/offsets', None
    yield 'PATCH', '/connectors/c/offsets', {'offsets': []}
    yield 'DELETE', '/connectors/c/offsets', None
    yield 'GET', '/connectors/c/offsets', None
    yield 'PUT', '/connectors/c/resume', None
    yield 'RUNNING', 'c', None
    yield 'GET', '/connectors/c/tasks', None
    yield 'DELETE', '/connectors/c', None
    yield 'GONE', 'c', None
    yield 'GET', '/connectors/c', None
    yield 'GET', '/connectors/c/status', None
    yield 'DELETE', '/connectors/c', None
    yield 'POST', '/connectors', {'name': 'late', 'config': {**config, 'topic.prefix': 'late'}, 'initial_state': 'STOPPED'}
    yield 'STATE', 'late', 'STOPPED'
    yield 'GET', '/connectors/late/status', None
    yield 'DELETE', '/connectors/late', None
    # plugins and loggers
    yield 'GET', '/connector-plugins/nope/config', None
    yield 'PUT', '/connector-plugins/nope/config/validate', {'connector.class': 'nope'}
    yield 'PUT', f'/connector-plugins/{MARIADB}/config/validate', {**config, 'connector.class': 'io.debezium.connector.mysql.MySqlConnector'}
    yield 'GET', f'/connector-plugins/{MARIADB}/config/validate', None
    yield 'POST', '/connector-plugins', {}
    yield 'GET', '/admin/loggers/nope.such.logger', None
    yield 'PUT', '/admin/loggers/root', {'level': 'BAD'}
    yield 'PUT', '/admin/loggers/root', {}
    yield 'PUT', '/admin/loggers/root?scope=cluster', {'level': 'INFO'}
    yield 'POST', '/admin/loggers/root', {'level': 'INFO'}
    yield 'GET', '/admin', None


def asked(worker, method, path, body, tries=20):
    """The answer; asked again while Kafka Connect says that it is busy with its group."""
    status, answer = asked_once(worker, method, path, body)
    busy = isinstance(answer, dict) and 'rebalance is expected' in answer.get('message', '')
    if not busy or tries == 0:
        return status, answer
    time.sleep(0.2)
    return asked(worker, method, path, body, tries - 1)


def asked_once(worker, method, path, body):
    try:
        status, answer, headers = worker.request(method, path, body)
    except HttpError as error:
        status, answer = error.status, error.body
    text = answer if isinstance(answer, str) else answer.decode()
    try:
        return status, json.loads(text) if text else ''
    except json.JSONDecodeError:
        return status, text


def plain(worker, value):
    """Without what differs from run to run."""
    if isinstance(value, dict) and isinstance(value.get('offsets'), list):
        # for a moment after a reset Kafka Connect shows the partition with nothing
        value = {'offsets': [o for o in value['offsets'] if o['offset'] is not None]}
    text = json.dumps(value, sort_keys=True)
    text = text.replace(f'127.0.0.1:{worker.port}', 'WORKER')
    text = re.sub(r'"(commit|kafka_cluster_id|version|gtids|file)": "[^"]*"', r'"\1": "*"', text)
    text = re.sub(r'"(pos|ts_sec|server_id|row|event)": \d+', r'"\1": 0', text)
    return json.loads(text)


class RestComparison(unittest.TestCase):
    maxDiff = None

    def reach(self, worker, what, name, state):
        if what == 'TOPICS':
            server('mariadb').sql(f'INSERT INTO compared.t VALUES ({worker.port})')
            wait_until('the topic in use', lambda: f'{name}.compared.t' in asked(worker, 'GET', f'/connectors/{name}/topics', None)[1][name]['topics'], 30)
        elif what == 'OFFSETS':
            wait_until('an offset behind the snapshot', lambda: any('snapshot' not in o['offset'] for o in asked(worker, 'GET', f'/connectors/{name}/offsets', None)[1]['offsets']), 90)
        elif what == 'GONE':
            wait_until(f'{name} gone', lambda: asked(worker, 'GET', f'/connectors/{name}/status', None)[0] == 404, 30)
        elif what == 'RUNNING':
            def runs():
                status, answer = asked(worker, 'GET', f'/connectors/{name}/status', None)
                return status == 200 and answer['connector']['state'] == 'RUNNING' and [t['state'] for t in answer['tasks']] == ['RUNNING']
            wait_until(f'{name} RUNNING', runs, 60)
        else:
            def there():
                status, answer = asked(worker, 'GET', f'/connectors/{name}/status', None)
                return status == 200 and {answer['connector']['state'], *(t['state'] for t in answer['tasks'])} == {state}
            wait_until(f'{name} {state}', there, 60)

    def test_the_same_requests_to_both(self):
        s = server('mariadb')
        fresh_database(s, 'compared')
        s.sql('CREATE TABLE compared.t (id INT PRIMARY KEY)')
        connect = Debezium(FOLDER / 'compared-connect', **kafka().worker_settings('compared-connect', **{'connector.client.config.override.policy': 'None'}))
        millrace = kafka().worker(FOLDER / 'compared-millrace', 'compared-millrace', **{'connector.client.config.override.policy': 'None'})
        self.addCleanup(connect.kill)
        self.addCleanup(millrace.kill)
        answers = {}
        for worker, label in ((connect, 'Kafka Connect'), (millrace, 'Millrace')):
            worker.start()
            config = connector(s, 'c', **{'database.include.list': 'compared', 'schema.history.internal.kafka.bootstrap.servers': kafka().bootstrap,
                                          'schema.history.internal.kafka.topic': f'schemahistory.{worker.port}', 'database.server.id': 7000,
                                          'schema.history.internal.store.only.captured.databases.ddl': 'true'})
            answers[label] = []
            for method, path, body in requests(config):
                if method.isupper() and method in ('RUNNING', 'STATE', 'GONE', 'TOPICS', 'OFFSETS'):
                    self.reach(worker, method, path, body)
                    continue
                status, answer = asked(worker, method, path, body)
                text = json.loads(json.dumps(plain(worker, answer)).replace(f'schemahistory.{worker.port}', 'schemahistory'))
                answers[label].append((method, path, json.dumps(body) if isinstance(body, (dict, list)) else str(body), status, text))
            worker.stop()
        pairs = list(zip(answers['Kafka Connect'], answers['Millrace']))
        differences = [(a, b) for a, b in pairs if (a[3], once(a[4])) != (b[3], once(b[4])) and not explained(a, b)]
        for a, b in differences:
            print(f'    {a[0]} {a[1]} {a[2][:80]}\n      Kafka Connect {a[3]} {json.dumps(a[4])[:600]}\n      Millrace      {b[3]} {json.dumps(b[4])[:600]}', flush=True)
        print(f'    {len(pairs)} request pairs, {len(differences)} unexplained differences', flush=True)
        self.assertGreaterEqual(len(pairs), 120)
        self.assertEqual(len(differences), 0)


def probes(definition, recommended):
    """Values to try for a property: good ones, bad ones, and the edges of its type."""
    yield ''
    kind = definition['type']
    if kind in ('INT', 'LONG', 'SHORT'):
        yield from ('-1', '0', '1', 'abc', '99999999999', '9999999999999999999999', '1.5', ' 7 ')
    elif kind == 'BOOLEAN':
        yield from ('perhaps', 'TRUE', ' true')
    elif kind == 'LIST':
        yield from ('a,b', '*bad(', 'a.b.c:x', ',', 'x;y:z')
    elif kind == 'CLASS':
        yield from ('no.such.Class', 'java.lang.String')
    elif kind == 'PASSWORD':
        yield 'x'
    else:
        yield from ('zzz', 'a b', '*(')
    yield from (value.upper() for value in recommended)


OWN_WORDS = {  # a message of ours that stands for one of Debezium's, or for none, and why
    'is not supported by Millrace yet': 'not built yet, and refused by name',
    'is an invalid regular expression': "Java's words for what is wrong with a regular expression",
    'regular expressions is expected': "Java's words for what is wrong with a regular expression",
    'matches no table': 'Debezium does not look whether an include list matches anything',
    "is the server's own id": 'Debezium finds out when it streams',
    'a number from 1 to': 'Debezium lets numbers pass that the server or the network does not know',
    'the file': "files are named by their own property; Debezium's driver says so of the connection",
    'Unable to connect': "the driver's words",
    'there is no class': 'Debezium finds out when the task starts',
    'the one post processor there is here': 'Debezium finds out when the task starts',
    'there is no converter': 'Debezium finds out when the task starts',
    'is no DATABASE.TABLE': 'Debezium never finds such a signal table',
}
JAVA = ('java.', 'jdbc', 'JDBC', 'setQueryTimeout', 'Query timeout', 'timed out after 1 ms', 'does not implement', 'cannot be empty when',
        "is invalid: An integer is expected")
ONLY_JAVA = ('connector.plugin.version', 'database.jdbc.driver', 'database.protocol', 'transaction.metadata.factory', 'sourceinfo.struct.maker',
             'column.mask.with.(d+).chars', 'database.query.timeout.ms', 'connection.validation.timeout.ms', 'skipped.operations', 'transforms',
             'predicates', 'gtid.source.includes', 'gtid.source.excludes')


def is_explained(name, value, theirs, ours):
    """Whether the errors of one property may differ between the two answers."""
    if theirs == ours or any(words in text for text in ours for words in OWN_WORDS):
        return True
    if name.startswith(('transforms.', 'predicates.')):  # shown once transforms are built
        return True
    if name == 'database.hostname' and not ours and ('Unable to connect' in theirs[0] or 'Error during connection' in theirs[0]):
        return True  # ours is told of the property that is to blame, and is explained there
    return any(words in text for text in theirs for words in JAVA) and not ours or bool(theirs and ours and 'does not implement' in theirs[0])


class Validation(unittest.TestCase):
    """Every property of both connectors, with good and bad values, validated by both workers."""
    maxDiff = None

    def answers(self, worker, base, known=None):
        path = f"/connector-plugins/{base['connector.class']}/config"
        status, valid = asked(worker, 'PUT', path + '/validate', base)
        self.assertEqual(status, 200, valid)
        answers = {'definitions': asked(worker, 'GET', path, None)[1], 'valid': valid}
        for config in (known or valid)['configs']:
            name = config['definition']['name']
            for value in probes(config['definition'], config['value']['recommended_values']):
                answers[name, value] = asked(worker, 'PUT', path + '/validate', {**base, name: value})
        return answers

    def compare_definitions(self, theirs, ours):
        facts = lambda definitions: [{k: v for k, v in d.items() if k != 'documentation'} for d in definitions if d['group'] != 'Millrace']
        self.assertEqual(facts(theirs['definitions']), facts(ours['definitions']))
        self.assertEqual(facts(c['definition'] for c in theirs['valid']['configs']), facts(c['definition'] for c in ours['valid']['configs']))
        self.assertEqual(theirs['valid']['groups'] + ['Millrace'], ours['valid']['groups'])
        shown = lambda answer: [{k: v for k, v in c['value'].items() if k != 'recommended_values' or 'converter' not in c['value']['name']}
                                for c in answer['configs'] if c['definition']['group'] != 'Millrace']  # converters: those that are built
        self.assertEqual(shown(theirs['valid']), shown(ours['valid']))

    def compare(self, kind):
        s = server(kind)
        fresh_database(s, 'validated')
        s.sql('CREATE TABLE validated.t (id INT PRIMARY KEY)')
        connect = Debezium(FOLDER / f'validation-connect-{kind}', **kafka().worker_settings(f'validation-connect-{kind}'))
        millrace = kafka().worker(FOLDER / f'validation-{kind}', f'validation-{kind}')
        base = {**connector(s, 'v', **{'schema.history.internal.kafka.bootstrap.servers': kafka().bootstrap, 'database.server.id': 7100}), 'name': 'v'}
        answers = []
        for worker in (connect, millrace):
            self.addCleanup(worker.kill)
            worker.start()
            answers.append(self.answers(worker, base, answers[0]['valid'] if answers else None))
            worker.stop()
        theirs, ours = answers
        self.compare_definitions(theirs, ours)
        same, explained, differences = 0, 0, []
        for probe in theirs:
            if not isinstance(probe, tuple):
                continue
            (status, answer), (our_status, our_answer) = theirs[probe], ours[probe]
            if status != 200 or our_status != 200:
                if (status, answer) == (our_status, our_answer):
                    same += 1
                elif probe[0] in ONLY_JAVA:
                    explained += 1
                else:
                    differences.append((probe, status, answer, our_status, our_answer))
                continue
            told = lambda a: {c['value']['name']: c['value']['errors'] for c in a['configs'] if c['value']['errors']}
            value = lambda a: {c['value']['name']: c['value']['value'] for c in a['configs'] if c['definition']['group'] != 'Millrace'}.get(probe[0])
            mine, other = told(our_answer), told(answer)
            if (mine, our_answer['error_count'], value(our_answer)) == (other, answer['error_count'], value(answer)):
                same += 1
            elif mine != other and all(is_explained(name, probe[1], other.get(name, []), mine.get(name, [])) for name in {*mine, *other}):
                explained += 1
            else:
                differences.append((probe, other, value(answer), mine, value(our_answer)))
        for difference in differences:
            print('    ', *(json.dumps(part)[:300] for part in difference), sep='\n      ', flush=True)
        print(f'    {kind}: {same} validations the same, {explained} explained, {len(differences)} unexplained', flush=True)
        self.assertGreater(same, 600)
        self.assertEqual(differences, [])

    def test_mysql(self):
        self.compare('mysql')

    def test_mariadb(self):
        self.compare('mariadb')


if __name__ == '__main__':
    unittest.main()
