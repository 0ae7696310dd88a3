#!/usr/bin/python3
"""Breaks each rule of tree.py once, in a tree of its own, and demands that it is seen."""

import os
import shutil
import sys
import tempfile
import unittest

import tree

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CLANG_FORMAT = "clang-format"


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        shutil.copy(os.path.join(ROOT, ".clang-format"), self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, path, text):
        with open(os.path.join(self.folder.name, path), "w", encoding="utf-8") as file:
            file.write(text)

    def words(self, text):
        self.write("a.md", text)
        return list(tree.check_words(self.folder.name))

    def commands(self, text, test="a.md"):
        os.makedirs(os.path.join(self.folder.name, "tests", "system"), exist_ok=True)
        self.write("tests/system/t.py", f'open("{test}")\n')
        self.write("a.md", text)
        return list(tree.check_commands(self.folder.name))

    def test_commands_are_run_by_something(self):
        block = "```sh\nls\n```\n"
        self.assertEqual(self.commands("<!-- runnable on one -->\n" + block), [])
        self.assertEqual(self.commands("<!-- run by tests/system/t.py -->\n" + block), [])
        self.assertEqual(self.commands("```\na picture\n```\n```ini\nkey = 1\n```\n"), [])
        for text in (block, "1. words\n\n   ```sh\n   ls\n   ```\n", "words\n" + block, "<!-- run by nobody.py -->\n" + block):
            self.assertEqual(len(self.commands(text)), 1, text)
        self.assertEqual(len(self.commands("<!-- runnable -->\n" + block, test="b.md")), 1)

    def test_formatted_passes_and_unformatted_does_not(self):
        self.write("a.c", "int f(void)\n{\n    return 1;\n}\n")
        self.assertEqual(list(tree.check_format(self.folder.name, CLANG_FORMAT)), [])
        self.write("b.c", "int f(void) {\n  return 1;\n}\n")
        faults = list(tree.check_format(self.folder.name, CLANG_FORMAT))
        self.assertEqual(len(faults), 1)
        self.assertIn("b.c", faults[0])

    def test_a_formatter_that_fails_is_a_failure(self):
        self.write("a.c", "int a;\n")
        self.write(".clang-format", "NoSuchKey: 1\n")
        self.assertEqual(len(list(tree.check_format(self.folder.name, CLANG_FORMAT))), 1)

    def test_notes_to_self(self):
        self.assertEqual(len(self.words("fine\nTODO: later\n")), 1)

    def test_paths_of_a_machine(self):
        self.assertEqual(len(self.words("see /home/anna/x.c\n/work/x\n")), 2)
        self.assertEqual(self.words("see ~/x.c, src/home/x and /var/lib/dagi\n"), [])

    def test_hosts(self):
        self.assertEqual(len(self.words("http://packages.somewhere.net/debian\n")), 1)
        self.assertEqual(self.words("http://127.0.0.1:9205/ http://[::1]:9205/ https://node.example.org/x\n"), [])

    def test_long_files(self):
        self.write("a.c", "int a;\n" * tree.FILE_LINES)
        self.assertEqual(len(list(tree.check_lengths(self.folder.name))), 1)

    def test_long_functions(self):
        self.write("a.c", "void f(void)\n{\n" + "    g();\n" * tree.FUNCTION_LINES + "}\n")
        self.assertEqual(len(list(tree.check_lengths(self.folder.name))), 1)

    def test_headers_stand_alone(self):
        self.write("a.h", "#include <stdint.h>\nuint8_t a;\n")
        self.assertEqual(list(tree.check_headers(self.folder.name, "clang")), [])
        self.write("b.h", "uint8_t b;\n")
        self.assertEqual(len(list(tree.check_headers(self.folder.name, "clang"))), 1)

    def test_public_headers_are_c_plus_plus_too(self):
        os.makedirs(os.path.join(self.folder.name, "include"))
        self.write("include/a.h", "void f(int class);\n")
        self.assertEqual(len(list(tree.check_headers(self.folder.name, "clang"))), 1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        CLANG_FORMAT = sys.argv.pop(1)
    unittest.main()
