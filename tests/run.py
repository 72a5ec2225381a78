#!/usr/bin/python3
"""Runs all tests: C++ unit tests (release and under address and undefined-behaviour sanitizers), the lints, fuzz
targets for seconds, and the tests that drive the real binary against real servers. Tests need no order and share
nothing but running servers.

  tests/run.py [--long] [NAME…]     only tests whose name contains one of the NAMEs
"""
import importlib, os, pathlib, subprocess, sys, time, unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / 'support'), str(HERE / 'fuzz')]
arguments = sys.argv[1:]
if '--long' in arguments:
    arguments.remove('--long')
    os.environ['MILLRACE_LONG'] = '1'

from servers import BUILD, ROOT
import fixtures
import fuzzing


class Commands(unittest.TestCase):
    """Programs that test themselves."""
    def command(self, *words, **more):
        r = subprocess.run(words, capture_output=True, text=True, errors='replace', cwd=ROOT, **more)
        self.assertEqual(r.returncode, 0, (r.stdout + r.stderr)[-6000:])
        return r.stdout

    def test_unit(self):
        out = self.command(str(BUILD / 'release/unit_tests'), '--gtest_brief=1')
        print(f'    {[l for l in out.splitlines() if "PASSED" in l][-1].strip()}', flush=True)

    def test_unit_under_sanitizers(self):
        self.command(str(BUILD / 'asan/unit_tests'), '--gtest_brief=1')

    def test_lint(self):
        self.command('/usr/bin/python3', str(ROOT / 'tools/lint.py'), '--fast')


class Fuzz(unittest.TestCase):
    pass


for target in fuzzing.TARGETS:
    def fuzz(self, target=target):
        fault = fuzzing.fuzz(target, 60 if fixtures.LONG else 6)
        self.assertIsNone(fault, fault)
    setattr(Fuzz, f'test_fuzz_{target}', fuzz)


class Result(unittest.TextTestResult):
    def startTest(self, test):
        self.began = time.monotonic()
        print(f'{test.id().split(".", 1)[1] if "." in test.id() else test.id()} …', flush=True)
        super().startTest(test)

    def stopTest(self, test):
        print(f'    {time.monotonic() - self.began:.1f} s', flush=True)
        super().stopTest(test)


def main():
    loader = unittest.defaultTestLoader
    suite = unittest.TestSuite([loader.loadTestsFromTestCase(Commands), loader.loadTestsFromTestCase(Fuzz)])
    for path in sorted(HERE.glob('*_test.py')):
        suite.addTests(loader.loadTestsFromModule(importlib.import_module(path.stem)))
    def flat(s):
        for t in s:
            yield from flat(t) if isinstance(t, unittest.TestSuite) else [t]
    chosen = [t for t in flat(suite) if not arguments or any(a in t.id() for a in arguments)]
    if loader.errors or not chosen:
        sys.exit('\n'.join(loader.errors) or f'no test is named like {arguments}')
    began = time.monotonic()
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=0).run(unittest.TestSuite(chosen))
    fixtures.stop_all()
    failed = len(result.failures) + len(result.errors)
    print(f'Ran {result.testsRun} tests in {time.monotonic() - began:.0f} s')
    print(f'{result.testsRun - failed} passed, {failed} failed')
    sys.exit(failed != 0)


main()
