#!/usr/bin/python3
"""Breaks each rule of layers.py once, in a tree of its own, and demands that it is seen."""

import os
import tempfile
import unittest

import layers


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.write("include/nr/error.h", "#include <stdint.h>\n")
        for path in ("src/base/err.h", "src/core/core.h", "src/store/store.h", "src/io/loop.h", "src/noded/life.h"):
            self.write(path, "#include <nr/error.h>\n")
        self.write("proto/record.h", '#include "base/err.h"\n#include <string.h>\n')

    def tearDown(self):
        self.folder.cleanup()

    def write(self, path, text):
        path = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def faults(self):
        return list(layers.check(self.folder.name))

    def bad(self, path, text, what):
        self.write(path, text)
        faults = self.faults()
        self.assertEqual(len(faults), 1, faults)
        self.assertTrue(faults[0].startswith(path + ":"), faults)
        self.assertIn(what, faults[0])

    def good(self, path, text):
        self.write(path, text)
        self.assertEqual(self.faults(), [])

    def test_a_clean_tree_passes(self):
        self.assertEqual(self.faults(), [])

    def test_a_layer_sees_no_later_layer(self):
        self.bad("src/core/a.c", '#include "store/store.h"\n', "src/core may not see src/store")

    def test_base_sees_no_other_layer(self):
        self.bad("src/base/a.c", '#include "proto/record.h"\n', "src/base may not see proto")

    def test_a_way_round_by_a_relative_path_is_seen(self):
        self.bad("src/core/a.c", '#include "../store/store.h"\n', "src/core may not see src/store")

    def test_nobody_sees_a_program(self):
        self.bad("src/nodehttpd/a.c", '#include "noded/life.h"\n', "may not see src/noded")

    def test_public_headers_stand_alone(self):
        self.bad("include/nr/a.h", '#include "base/err.h"\n', "include/nr may not see src/base")

    def test_public_headers_take_little_from_libc(self):
        self.bad("include/nr/a.h", "#include <sys/types.h>\n", "sys/types.h")

    def test_examples_see_only_what_is_public(self):
        self.good("examples/a.c", "#include <nr/error.h>\n#include <stdio.h>\n")
        self.bad("examples/b.c", '#include "base/err.h"\n', "examples may not see src/base")

    def test_a_header_that_is_not_there(self):
        self.bad("src/base/a.c", '#include "base/none.h"\n', "not in the tree")

    def test_a_file_outside_of_all_layers(self):
        self.bad("src/util/a.c", "", "no layer")

    def test_lmdb_only_in_store(self):
        self.good("src/store/a.c", "#include <lmdb.h>\n")
        self.bad("src/nr/a.c", "#include <lmdb.h>\n", "belongs in src/store")

    def test_sodium_only_in_crypto(self):
        self.good("src/crypto/a.c", "#include <sodium.h>\n")
        self.bad("src/store/a.c", "  #  include <sodium/crypto_sign.h>\n", "belongs in src/crypto")

    def test_libevent_only_in_io(self):
        self.good("src/io/a.c", "#include <event2/event.h>\n")
        self.bad("src/nodehttpd/a.c", "#include <event2/http.h>\n", "belongs in src/io")

    def test_msgpack_c_only_where_it_packs(self):
        self.good("proto/mp_write.c", "#include <msgpack.h>\n")
        self.bad("proto/mp.c", "#include <msgpack.h>\n", "belongs in proto/mp_write.c")

    def test_curl_only_where_it_fetches(self):
        self.good("src/nodeprobe/a.c", "#include <curl/curl.h>\n")
        self.good("tools/nodectl/http.c", "#include <curl/curl.h>\n")
        self.bad("src/noded/a.c", "#include <curl/curl.h>\n", "belongs in src/nodeprobe/ or tools/nodectl/http.c only")

    def test_what_asks_nodeprobe_sees_no_loop(self):
        self.bad("src/probe/a.c", '#include "io/loop.h"\n', "src/probe may not see src/io")

    def test_core_has_no_clock_header(self):
        self.bad("src/core/a.c", "#include <time.h>\n", "no I/O")

    def test_proto_has_no_socket_header(self):
        self.bad("proto/a.c", "#include <sys/socket.h>\n", "no I/O")

    def test_only_one_file_reads_the_clock(self):
        self.good("src/io/clock.c", "int f(void) { return clock_gettime(0, 0); }\n")
        self.bad("src/noded/a.c", "int f(void) { return clock_gettime(0, 0); }\n", "reads a clock")

    def test_time_of_libc_is_a_clock_too(self):
        self.bad("src/store/a.c", "long f(void) { return time(NULL); }\n", "reads a clock")

    def test_members_and_comments_are_no_calls(self):
        self.good("src/store/a.c", "/* time(NULL) */ int f(struct s *s) { s->time(0); return nr_time(\"rand()\"); }\n")

    def test_entropy_only_in_crypto(self):
        self.bad("src/core/a.c", "int f(void) { return rand(); }\n", "takes entropy")

    def test_core_does_not_ask_the_environment(self):
        self.bad("src/core/a.c", "char *f(void) { return getenv(\"A\"); }\n", "function of its arguments")

    def test_a_layer_links_no_later_layer(self):
        self.good("src/io/CMakeLists.txt", "nr_layer(NAME io SOURCES a.c LINKS nr_base PRIVATE_LINKS PkgConfig::event)\n")
        self.bad("src/core/CMakeLists.txt", "# x\nnr_layer(NAME core SOURCES a.c\n  LINKS nr_base nr_store)\n", "may not link")

    def test_a_layer_has_the_name_of_its_folder(self):
        self.bad("src/core/CMakeLists.txt", "nr_layer(NAME store SOURCES a.c)\n", "its folder")


if __name__ == "__main__":
    unittest.main()
