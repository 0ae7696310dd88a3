"""As much of libnr (include/nr/registry.h) as the comparison reads: what a node's own store says, without asking its daemon."""

import ctypes
import time

OFFLINE = 2  # enum nr_node_status
HEARTBEAT = 64  # proto/README.md A.3
_NODE_ROOM = 1024  # more than struct nr_node, so that one with further members at its end fits
_RECORD_KIND = 2  # the record's array, its version, then its kind: one byte each (proto/README.md A.1)


class Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class Node(ctypes.Structure):
    _fields_ = [("id", ctypes.c_char * 37), ("node_id", Text), ("hostname", Text), ("ip", Text), ("role", Text),
                ("status", ctypes.c_int), ("status_turns_at_ms", ctypes.c_int64), ("last_heartbeat_ms", ctypes.c_int64),
                ("created_at_ms", ctypes.c_int64), ("updated_at_ms", ctypes.c_int64), ("interval_ms", ctypes.c_uint32)]


class Options(ctypes.Structure):
    _fields_ = [("state_dir", ctypes.c_char_p), ("seconds", ctypes.c_uint32 * 4)]


class Record(ctypes.Structure):
    _fields_ = [("data", ctypes.POINTER(ctypes.c_uint8)), ("len", ctypes.c_size_t), ("key_hash", ctypes.c_uint64),
                ("hot", ctypes.c_bool)]


_EACH_RECORD = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Record))


class Library:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        self.lib.nr_node_has_label.restype = ctypes.c_bool
        self.lib.nr_registry_close.restype = self.lib.nr_snapshot_free.restype = self.lib.nr_snapshot_end.restype = None

    def open(self, directory):
        """A Store, or None where there is none yet."""
        registry, snapshot = ctypes.c_void_p(), ctypes.c_void_p()
        options = Options(directory.encode())
        if self.lib.nr_registry_open(ctypes.byref(registry), ctypes.byref(options)) != 0:
            return None
        if self.lib.nr_snapshot_new(registry, ctypes.byref(snapshot)) != 0:
            self.lib.nr_registry_close(registry)
            return None
        return Store(self.lib, registry, snapshot)


class Store:
    """What one node has. `with store:` is one look at it: one consistent state."""

    def __init__(self, lib, registry, snapshot):
        self.lib, self.registry, self.snapshot = lib, registry, snapshot
        self.room = ctypes.create_string_buffer(_NODE_ROOM)
        self.node = Node.from_buffer(self.room)
        self.now_ms = ctypes.c_int64()
        self.begun = False

    def __enter__(self):
        self.begun = self.lib.nr_snapshot_begin(self.snapshot) == 0
        self.now_ms = ctypes.c_int64(time.time_ns() // 1_000_000)
        return self

    def __exit__(self, *_):
        if self.begun:
            self.lib.nr_snapshot_end(self.snapshot)
        self.begun = False

    def get(self, node_id):
        """The node, valid until the next look-up, or None."""
        name = node_id.encode()
        if not self.begun or self.lib.nr_node_get(self.snapshot, name, ctypes.c_size_t(len(name)), self.now_ms,
                                                  ctypes.byref(self.room)) != 0:
            return None
        return self.node

    def has_label(self, node_id, label):
        text = label.encode()
        return self.get(node_id) is not None and self.lib.nr_node_has_label(ctypes.byref(self.room), text,
                                                                            ctypes.c_size_t(len(text)))

    def heartbeat_sizes(self):
        """The length of each signed heartbeat that is held."""
        sizes = []

        def each(_, record):
            one = record.contents
            if one.data[_RECORD_KIND] == HEARTBEAT:
                sizes.append(one.len)
            return 0
        if self.begun:
            self.lib.nr_record_each(self.snapshot, None, ctypes.c_size_t(0), _EACH_RECORD(each), None)
        return sizes

    def close(self):
        self.lib.nr_snapshot_free(self.snapshot)
        self.lib.nr_registry_close(self.registry)
