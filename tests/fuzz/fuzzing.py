#!/usr/bin/python3
"""Runs every fuzz target for so many seconds, from its checked-in corpus. Finds go to build/fuzz-finds/."""
import pathlib, subprocess, sys

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / 'build'
TARGETS = ['binlog_event', 'packet_reader', 'json_binary', 'column_value', 'ddl', 'pgoutput']


def fuzz(target, seconds):
    """None if all went well, otherwise the end of what the fuzzer said."""
    work = BUILD / 'fuzz-corpus' / target
    finds = BUILD / 'fuzz-finds'
    work.mkdir(parents=True, exist_ok=True)
    finds.mkdir(parents=True, exist_ok=True)
    r = subprocess.run([str(BUILD / 'fuzz' / f'fuzz_{target}'), str(work), str(HERE / 'corpus' / target), f'-max_total_time={seconds}', '-timeout=10', '-rss_limit_mb=2048',
                        '-max_len=4096', f'-artifact_prefix={finds}/{target}-', '-print_final_stats=1'], capture_output=True, text=True, errors='replace')
    if r.returncode:
        return r.stderr[-4000:]
    executed = [line for line in r.stderr.split('\n') if 'number_of_executed_units' in line]
    print(f'{target}: {executed[0].split()[-1] if executed else "?"} inputs in {seconds} s, no fault', flush=True)
    return None


if __name__ == '__main__':
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    faults = {t: f for t in TARGETS if (f := fuzz(t, seconds))}
    for target, fault in faults.items():
        print(f'--- {target}\n{fault}')
    sys.exit(bool(faults))
