"""docs/reference: the pages are what the program says of its properties, and leave none of Debezium's out."""
import re, subprocess, sys, unittest

from servers import BUILD, ROOT


class Reference(unittest.TestCase):
    def page(self, connector):
        return subprocess.run([BUILD / 'release' / 'millrace', 'reference', connector], capture_output=True, text=True, check=True).stdout

    def rows(self, connector):
        """Name, values, default and meaning of each property."""
        cells = (re.split(r'(?<!\\)\|', line) for line in self.page(connector).split('\n') if line.startswith('| `'))
        return {c[1].strip().strip('`').replace('\\|', '|'): [x.strip() for x in c[2:5]] for c in cells}

    def test_the_pages_are_up_to_date(self):
        for connector in ('mysql', 'mariadb', 'postgresql'):
            page = ROOT / 'docs' / 'reference' / f'{connector}.md'
            self.assertEqual(page.read_text(), self.page(connector), f'make it anew: millrace reference {connector} > {page.relative_to(ROOT)}')

    def test_the_page_of_transforms_is_up_to_date(self):
        sys.path.insert(0, str(ROOT / 'tests' / 'transforms'))
        from case_table import page
        self.assertEqual((ROOT / 'docs' / 'transforms.md').read_text(), page(BUILD / 'release' / 'millrace'),
                         'make it anew: tests/transforms/case_table.py build/release/millrace > docs/transforms.md')

    def test_every_property_of_debezium_is_there(self):
        """tests/properties: the names that Debezium 3.5.0 and 3.6.1 declare."""
        for connector in ('mysql', 'mariadb', 'postgresql'):
            rows = self.rows(connector)
            declared = (ROOT / 'tests' / 'properties' / f'{connector}.txt').read_text().split()
            self.assertGreater(len(declared), 100)
            for name in declared:
                known = name in rows or any('(' in row and re.fullmatch(row, name) for row in rows)
                self.assertTrue(known, f'{connector}: {name}')

    def test_every_property_says_what_it_does(self):
        for connector in ('mysql', 'mariadb', 'postgresql'):
            for name, (values, default, meaning) in self.rows(connector).items():
                self.assertTrue(values and re.search(r'\w', meaning.removeprefix('Accepted, without effect.').removeprefix('Refused unless it is the default.')), f'{connector}: {name}')


if __name__ == '__main__':
    unittest.main()
