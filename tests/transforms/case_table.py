"""docs/transforms.md: every transform's options, as the program tells them, with the recorded cases that try each.

    python3 tests/transforms/case_table.py build/release/millrace > docs/transforms.md
"""
import collections, json, pathlib, re, subprocess, sys

HERE = pathlib.Path(__file__).parent
CONVERTERS = {'JsonConverter': 'golden mysql-smt-converters', 'StringConverter': 'converters_test', 'AvroConverter': 'avro_test', 'CloudEventsConverter': 'golden mysql-cloudevents; avro_test', 'JsonSchemaConverter': 'json_schema_test', 'ExtJsonConverter': 'json_schema_test', 'ProtobufConverter': 'protobuf_test'}
OURS = {'millrace.Script': 'unit script_test', 'io.debezium.transforms.tracing.ActivateTracingSpan': 'unit transform_test',
        'io.debezium.connector.postgresql.transforms.timescaledb.TimescaleDb': 'golden postgres-timescaledb; timescale_test'}
PREDICATES = {'name': 'golden mysql-smt-kafka', 'pattern': 'golden mysql-smt-*'}


def page(binary):
    text = subprocess.run([binary, 'reference', 'transforms'], capture_output=True, text=True, check=True).stdout
    cases = json.loads((HERE / 'cases.json').read_text())['cases']
    tried = collections.defaultdict(collections.Counter)
    for case in cases:
        base = case['type'].split('$')[0]
        tried[base][''] += 1
        for option in case['options']:
            tried[base][option] += 1
    out, base = [], None
    for line in text.split('\n'):
        if line.startswith('## '):
            base = None
        if line.startswith('### '):
            base = line[4:].split('$')[0]
            if tried[base]['']:
                line += f'\n\n{tried[base][""]} cases.'
        elif line.startswith('| Property'):
            line += ' Tried by |'
        elif line.startswith('|---'):
            line += '---|'
        elif line.startswith('| `'):
            option = re.match(r'\| `([^`]+)`', line)[1]
            if base and tried[base][option]:
                line += f' {tried[base][option]} cases |'
            elif base in OURS:
                line += f' {OURS[base]} |'
            elif base is None:
                line += ' golden *-smt-* |'
            elif '.converter' in base or '.storage.' in base or '.avro.' in base or '.json.' in base:
                line += f' {CONVERTERS.get(base.rsplit(".", 1)[1], "")} |'
            else:
                line += f' {PREDICATES.get(option, "") if ".predicates." in base else ""} |'
        out.append(line)
    return '\n'.join(out)


if __name__ == '__main__':
    sys.stdout.write(page(sys.argv[1]))
