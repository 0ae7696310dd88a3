"""The earlier registry's three tables, from what pg_dump wrote: plain SQL with COPY or INSERT, also compressed by gzip, and what pg_restore
makes of its custom, directory and tar formats."""

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from contextlib import contextmanager
from typing import Any, BinaryIO, Dict, Iterator, List, Optional

import pgtext
from source import Source, SourceError, parse_time

ARRAYS = ("labels", "roles")
JSON = ("metadata", "node_metadata", "gpu", "modules", "capabilities", "config")
TABLES = ("nodes", "node_profiles", "heartbeat_log")
HEAD, TAIL = "-- PostgreSQL database dump", "-- PostgreSQL database dump complete"


def _json(text: Optional[str], where: str) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError) as err:
        raise SourceError(f"{where}: no JSON: {str(err)[:80]}") from None


class _Reading:
    def __init__(self, name: str) -> None:
        self.source = Source(name)
        self.columns: Dict[str, List[str]] = {}  # by a table's full name, from its CREATE TABLE
        self.seen: Dict[str, str] = {}  # the full name under which each of our tables has come
        self.database = ""

    def statement(self, statement: pgtext.Statement) -> None:
        where, text = f"line {statement.line}", statement.text
        if text.startswith("\\connect"):
            self.database = text[8:].strip() + " "
        elif text.startswith("SET client_encoding"):
            if "'UTF8'" not in text and "'SQL_ASCII'" not in text:
                raise SourceError(f"{where}: no UTF-8: make the dump with pg_dump --encoding=UTF8")
        elif text.startswith("CREATE"):
            match = pgtext.CREATE.match(text)
            if match and self._ours(match.group(1)):
                self.columns[self.database + match.group(1)] = pgtext.columns_of_create(text)
        elif text.startswith("COPY "):
            self._copy(statement, where)
        elif text.startswith("INSERT INTO"):
            self._insert(text, where)

    @staticmethod
    def _ours(name: str) -> Optional[str]:
        last = pgtext.names(name)[-1]
        return last if last in TABLES else None

    def _open(self, name: str, columns: Optional[str], where: str) -> List[str]:
        """The columns of one of our tables, in the order of its rows."""
        table, full = pgtext.names(name)[-1], self.database + name
        if self.seen.setdefault(table, full) != full:
            raise SourceError(f"{where}: there are two tables {table}: {self.seen[table]} and {full}: dump the one that is meant, with "
                              "pg_dump --schema")
        found = pgtext.names(columns) if columns else self.columns.get(full)
        if not found:
            raise SourceError(f"{where}: the columns of {name} are not named: make the dump with its schema, or with --column-inserts")
        if "node_id" not in found and not (table == "node_profiles" and "role" in found):
            raise SourceError(f"{where}: table {name} has no column node_id: it is not the node registry's")
        return found

    def _copy(self, statement: pgtext.Statement, where: str) -> None:
        match = pgtext.COPY.match(statement.text)
        if not match:
            raise SourceError(f"{where}: a COPY that pg_dump does not write: {statement.text[:80]!r}")
        table = self._ours(match.group(1))
        if table and statement.rows is not None:
            columns = self._open(match.group(1), match.group(2), where)
            for line in statement.rows:
                self._row(table, columns, pgtext.copy_values(line.text), f"line {line.number}")

    def _insert(self, text: str, where: str) -> None:
        match = pgtext.INSERT.match(text)
        table = self._ours(match.group(1)) if match else None
        if match and table:
            columns = self._open(match.group(1), match.group(2), where)
            for row in pgtext.insert_rows(text[match.end():], where):
                self._row(table, columns, row, where)

    def _row(self, table: str, columns: List[str], values: List[Optional[str]], where: str) -> None:
        if len(columns) != len(values):
            raise SourceError(f"{where}: {len(values)} values for the {len(columns)} columns of {table}")
        row: Dict[str, Any] = dict(zip(columns, values))
        if table == "heartbeat_log":
            self.source.add_beat(row["node_id"], parse_time(row.get("timestamp")), row.get("status"))
            return
        for name in columns:
            if name in ARRAYS and row[name] is not None:
                row[name] = pgtext.array(row[name], f"{where}: {name}")
            elif name in JSON:
                row[name] = _json(row[name], f"{where}: {name}")
            elif name == "enabled":
                row[name] = row[name] in ("t", "true", None)
        if table == "nodes":
            self.source.add_node(row, where)
        else:
            self.source.profiles.append(row)

    def finish(self) -> Source:
        if "nodes" not in self.seen and not any(self._ours(full.split(" ")[-1]) == "nodes" for full in self.columns):
            raise SourceError("there is no table nodes in it")
        if self.source.beat_count is None:
            self.source.beat_count = 0
        return self.source


def _check_whole(lines: Iterator[pgtext.Line]) -> Iterator[pgtext.Line]:
    """What begins as pg_dump begins must end as it ends."""
    begun, ended = 0, 0
    for line in lines:
        begun += line.text == HEAD
        ended += line.text == TAIL
        yield line
    if begun > ended:
        raise SourceError("the dump is cut off: its last line is missing")


@contextmanager
def _restored(file: BinaryIO, path: str) -> Iterator[BinaryIO]:
    """What pg_restore makes of it, as plain SQL."""
    words = ["pg_restore", "--file=-", *(f"--table={t}" for t in TABLES), *([path] if path != "-" else [])]
    with tempfile.TemporaryFile() as spool, tempfile.TemporaryFile() as said:
        if path == "-":
            shutil.copyfileobj(file, spool)
            spool.seek(0)
        try:
            process = subprocess.Popen(words, stdin=spool, stdout=subprocess.PIPE, stderr=said)
        except FileNotFoundError:
            raise SourceError("this dump takes pg_restore (Debian: postgresql-client) to read, or make one with pg_dump --format=plain") from None
        assert process.stdout is not None
        try:
            yield process.stdout  # type: ignore[misc]
            while process.stdout.read(1 << 20):
                pass
            if process.wait() != 0:
                said.seek(0)
                words = said.read(4000).decode("utf-8", "replace").strip().splitlines() or ["it says nothing"]
                raise SourceError(f"pg_restore cannot read it: {words[-1]}")
        finally:
            process.stdout.close()
            process.kill()
            process.wait()


@contextmanager
def _plain(path: str) -> Iterator[BinaryIO]:
    if os.path.isdir(path):
        with _restored(io.BytesIO(), path) as restored:
            yield restored
        return
    with (io.BufferedReader(sys.stdin.buffer) if path == "-" else open(path, "rb")) as file:  # type: ignore[arg-type]
        head = file.peek(8)[:8]
        if head.startswith((b"PGDMP", b"toc.dat")):
            with _restored(file, path) as restored:
                yield restored
        elif head.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield file


def read(path: str) -> Source:
    """`path` "-" is the standard input. SourceError says what is wrong with it."""
    reading = _Reading("standard input" if path == "-" else path)
    try:
        with _plain(path) as file:
            for statement in pgtext.statements(_check_whole(pgtext.lines_of(file))):
                reading.statement(statement)
        return reading.finish()
    except (OSError, EOFError, zlib.error) as err:
        raise SourceError(f"cannot be read: {err}") from None
