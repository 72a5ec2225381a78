#!/usr/bin/python3
"""Checks that need no human: which room includes which, which third-party header stands where, lengths, names,
format, and (without --fast) clang-tidy."""
import pathlib, re, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SRC = ROOT / 'src'
HEADER_LINES_MAX, SOURCE_LINES_MAX = 300, 800
# Third-party headers live in one room each.
THIRD_PARTY = {'sqlite3.h': 'topiclog/sqlite', 'httplib.h': 'net', 'mysql.h': 'source/binlog', 'libpq-fe.h': 'source/postgres', 'zlib.h': 'base', 'zstd.h': 'base', 'nlohmann/json.hpp': 'base',
               'nlohmann/json_fwd.hpp': 'base', 'CLI/CLI.hpp': 'cli', 'iconv.h': 'source/binlog', 'simdjson.h': 'relational'}
BAD_NAMES = {'utils', 'util', 'helpers', 'helper', 'common', 'manager', 'misc'}


def rooms():
    """Each room's own dependencies, from the millrace_room() lines."""
    text = (ROOT / 'CMakeLists.txt').read_text()
    found = {}
    for body in re.findall(r'millrace_room\(([^)]*)\)', text):
        words = body.split()
        deps, section = [], None
        for word in words[1:]:
            if word in ('SOURCES', 'DEPS', 'LINK'):
                section = word
            elif section == 'DEPS':
                deps.append(word)
        found[words[0]] = deps
    found['cli'] = list(found)
    return found


def closure(graph, room):
    seen, todo = set(), [room]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += graph.get(here, [])
    return seen


def room_of(path, graph):
    parts = str(path).split('/')
    for length in range(len(parts) - 1, 0, -1):
        if '/'.join(parts[:length]) in graph:
            return '/'.join(parts[:length])
    return None


def check_arrows(graph):
    faults = []
    allowed = {room: closure(graph, room) for room in graph}
    for path in sorted(SRC.rglob('*.[hc]*')):
        name = path.relative_to(SRC)
        room = room_of(name, graph)
        if room is None:
            faults.append(f'src/{name}: no millrace_room() holds this file')
            continue
        for number, line in enumerate(path.read_text().split('\n'), 1):
            own = re.match(r'#include "([^"]+)"', line)
            if own:
                other = room_of(pathlib.PurePath(own.group(1)), graph)
                if other is None or not (SRC / own.group(1)).exists():
                    faults.append(f'src/{name}:{number}: {own.group(1)} is in no room; include by the full path from src/')
                elif other not in allowed[room]:
                    faults.append(f'src/{name}:{number}: room {room} may not include room {other} ({own.group(1)})')
            foreign = re.match(r'#include <([^>]+)>', line)
            if foreign:
                header = foreign.group(1)
                home = THIRD_PARTY.get(header, 'base' if header.startswith('spdlog/') else None)
                if home is not None and home != room:
                    faults.append(f'src/{name}:{number}: <{header}> belongs into room {home}')
    for room, deps in graph.items():
        for dep in deps:
            if room in closure(graph, dep) and room != dep:
                faults.append(f'rooms {room} and {dep} include each other')
    sources = [r for r in graph if re.fullmatch(r'source/(?!engine|binlog)\w+', r)]
    for room in sources:
        for other in sources:
            if other != room and other in allowed[room]:
                faults.append(f'database {room} includes database {other}')
    return faults


def check_files():
    faults = []
    for path in sorted([*SRC.rglob('*.h'), *SRC.rglob('*.cc')]):
        name = path.relative_to(ROOT)
        text = path.read_text()
        lines = text.count('\n')
        limit = HEADER_LINES_MAX if path.suffix == '.h' else SOURCE_LINES_MAX
        if lines > limit:
            faults.append(f'{name}: {lines} lines, more than {limit}')
        if path.suffix == '.h' and '#pragma once' not in text:
            faults.append(f'{name}: no #pragma once')
        if path.stem in BAD_NAMES:
            faults.append(f'{name}: a name that says nothing')
        for number, line in enumerate(text.split('\n'), 1):
            if re.search(r'\b(TODO|FIXME|XXX)\b', line):
                faults.append(f'{name}:{number}: an unfinished place')
    rooms_on_disk = {str(p.parent.relative_to(SRC)) for p in SRC.rglob('*.cc')}
    for room in sorted(rooms_on_disk):
        if not (SRC / room / 'README.md').exists() and not room.endswith('/ddl'):
            faults.append(f'src/{room}: no README.md')
    return faults


def check_names():
    """The rooms that all sources share know none of them by name."""
    faults = []
    for room in ('source/engine', 'relational', 'events'):
        for path in sorted((SRC / room).glob('*.*')):
            for number, line in enumerate(path.read_text().split('\n'), 1):
                if path.suffix in ('.h', '.cc') and re.search('mysql|mariadb|binlog|postgres', line, re.I):
                    faults.append(f'src/{room}/{path.name}:{number}: names one source')
    return faults


def check_format():
    files = subprocess.run(['git', 'ls-files', 'src/*.h', 'src/*.cc', 'tests/*.h', 'tests/*.cc', 'bench/*.cc'], capture_output=True, text=True, cwd=ROOT).stdout.split()
    r = subprocess.run(['clang-format-19', '--dry-run', '-Werror', *files], capture_output=True, text=True, cwd=ROOT)
    return sorted({line.split(':')[0] + ': not formatted; run ./dev format' for line in r.stderr.split('\n') if 'error:' in line})


def check_tidy():
    files = [str(p) for p in sorted(SRC.rglob('*.cc'))]
    processes, faults = [], []
    for half in (files[::2], files[1::2]):
        processes.append(subprocess.Popen(['clang-tidy-19', '-quiet', '--extra-arg=-Wno-unknown-warning-option', '-p', str(ROOT / 'build/release'), *half], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
    for p in processes:
        out = p.communicate()[0]
        faults += sorted({line for line in out.split('\n') if ' error: ' in line or ' warning: ' in line})
    return faults


def main():
    graph = rooms()
    faults = check_arrows(graph) + check_files() + check_names() + check_format()
    if '--fast' not in sys.argv:
        faults += check_tidy()
    for fault in faults:
        print(fault)
    print(f'{len(graph)} rooms, {len(faults)} faults')
    sys.exit(bool(faults))


main()
