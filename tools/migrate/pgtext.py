"""The text that pg_dump writes: lines, statements, COPY rows, INSERT values, arrays. Bounded, and told from what is none."""

import re
from typing import BinaryIO, Iterator, List, NamedTuple, Optional, Tuple

from source import SourceError

LINE_MAX = 16 << 20
STATEMENT_MAX = 64 << 20

NAME = r'(?:"(?:[^"]|"")+"|\w+)'
TABLE = rf"({NAME}(?:\.{NAME})?)"
COPY = re.compile(rf"COPY {TABLE} ?(?:\(([^)]*)\) )?FROM stdin;$")
INSERT = re.compile(rf"INSERT INTO {TABLE}\s*(?:\(([^)]*)\)\s*)?(?:OVERRIDING \w+ VALUE\s+)?VALUES\s*")
CREATE = re.compile(rf"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?{TABLE} \(")
WANTED = ("INSERT INTO", "CREATE TABLE", "CREATE UNLOGGED TABLE", "SET client_encoding")
OPENS = re.compile(r"--|/\*|[eE]'|'|\"|\$(?:[A-Za-z_]\w*)?\$|;")
CLOSES = {"'": re.compile(r"''|'"), "E'": re.compile(r"\\.|\\$|''|'", re.S), '"': re.compile('"'), "/*": re.compile(r"\*/")}
STRING = r"[eE]'(?:[^'\\]|\\.|'')*'|'[^']*(?:''[^']*)*'"
VALUE = re.compile(rf"\s*({STRING}|[\w.+-]+)\s*(?:::[\w\s.\"\[\]]+?)?\s*([,)])", re.S)
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|[0-7]{1,3}|.)", re.S)
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
NO_COLUMNS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE", "LIKE", ")")


class Line(NamedTuple):
    number: int
    text: str  # without its end


class Statement(NamedTuple):
    line: int
    text: str
    rows: Optional[Iterator[Line]]  # of a COPY: to be read to their end before the next statement


def lines_of(file: BinaryIO) -> Iterator[Line]:
    number = 0
    while True:
        data = file.readline(LINE_MAX + 1)
        if not data:
            return
        number += 1
        if len(data) > LINE_MAX:
            raise SourceError(f"line {number}: longer than {LINE_MAX >> 20} MiB")
        if b"\0" in data:
            raise SourceError(f"line {number}: binary data: this is no dump in plain SQL")
        try:
            yield Line(number, data.decode("utf-8").rstrip("\n").rstrip("\r"))
        except UnicodeDecodeError:
            raise SourceError(f"line {number}: no UTF-8: make the dump with pg_dump --encoding=UTF8") from None


def _copy_rows(lines: Iterator[Line], begun: int) -> Iterator[Line]:
    for line in lines:
        if line.text == "\\.":
            return
        yield line
    raise SourceError(f"the dump is cut off in the COPY of line {begun}")


def statements(lines: Iterator[Line]) -> Iterator[Statement]:
    """Each COPY, INSERT and CREATE TABLE, and each command of psql. The others are passed over, whatever stands in them."""
    for line in lines:
        text = line.text.lstrip()
        if text.startswith("\\"):
            yield Statement(line.number, text, None)
        elif text.startswith("COPY "):
            rows = _copy_rows(lines, line.number)
            yield Statement(line.number, text.rstrip(), rows)
            for _ in rows:
                pass
        elif text:
            statement = _rest_of(lines, line)
            if statement.text:
                yield statement


def _rest_of(lines: Iterator[Line], first: Line) -> Statement:
    """From its first line to the semicolon that ends it; the text only where it is wanted."""
    wanted = first.text.lstrip().startswith(WANTED)
    parts: List[str] = []
    size, mode, line, begun = 0, "", first, False
    while True:
        mode, ended, words = _scan(line.text, mode)
        begun = begun or words
        if wanted:
            parts.append(line.text)
            size += len(line.text)
            if size > STATEMENT_MAX:
                raise SourceError(f"line {line.number}: a statement of more than {STATEMENT_MAX >> 20} MiB")
        if ended or (not begun and not mode):
            return Statement(first.number, "\n".join(parts).lstrip(), None)
        following = next(lines, None)
        if following is None:
            raise SourceError(f"the dump is cut off in the statement of line {first.number}")
        line = following


def _scan(text: str, mode: str) -> Tuple[str, bool, bool]:
    """How a line leaves off: inside of which quotes or comment, whether the statement has ended, whether it has any words."""
    at, words = 0, False
    while True:
        if mode:
            closing = CLOSES.get(mode) or re.compile(re.escape(mode))
            match = closing.search(text, at)
            if not match:
                return mode, False, words or mode != "/*"
            at = match.end()
            if match.group() not in ("''",) and not match.group().startswith("\\"):
                mode = ""
            continue
        match = OPENS.search(text, at)
        stretch = text[at:match.start() if match else len(text)]
        words = words or bool(stretch.strip())
        if not match or match.group() == "--":
            return "", False, words
        if match.group() == ";":
            return "", True, words
        mode, at = match.group().replace("e'", "E'"), match.end()
        words = words or mode != "/*"
        if mode == "E'" and match.start() > 0 and (text[match.start() - 1].isalnum() or text[match.start() - 1] == "_"):
            mode = "'"  # a word that ends in e


def names(text: str) -> List[str]:
    """The column or table names of a list, without their quotes."""
    found = re.findall(NAME, text)
    return [n[1:-1].replace('""', '"') if n.startswith('"') else n for n in found]


def columns_of_create(text: str) -> List[str]:
    """pg_dump writes each column into a line of its own."""
    found = []
    for line in text.split("\n")[1:]:
        match = re.match(rf"\s*({NAME}|\))", line)
        if match and match.group(1) not in NO_COLUMNS:
            found += names(match.group(1))
    return found


def _unescape(text: str) -> str:
    def one(match: "re.Match[str]") -> str:
        word = match.group(1)
        if word[0] in "xu" and len(word) > 1:
            return chr(int(word[1:], 16))
        return chr(int(word, 8) & 255) if word[0] in "01234567" else LETTERS.get(word, word)
    return ESCAPE.sub(one, text) if "\\" in text else text


def copy_values(line: str) -> List[Optional[str]]:
    return [None if field == "\\N" else _unescape(field) for field in line.split("\t")]


def insert_rows(text: str, where: str) -> Iterator[List[Optional[str]]]:
    """The rows of an INSERT, from behind its VALUES."""
    at = 0
    while text[at:at + 1] == "(":
        row: List[Optional[str]] = []
        at += 1
        while True:
            match = VALUE.match(text, at)
            if not match:
                raise SourceError(f"{where}: a value that pg_dump does not write: {text[at:at + 40]!r}")
            row.append(_value(match.group(1)))
            at = match.end()
            if match.group(2) == ")":
                break
        yield row
        at = re.compile(r"\s*,?\s*").match(text, at).end()  # type: ignore[union-attr]


def _value(word: str) -> Optional[str]:
    if word[0] == "'":
        return word[1:-1].replace("''", "'")
    if word[0] in "eE" and word[1:2] == "'":
        return _unescape(word[2:-1].replace("''", "'"))
    return None if word.upper() == "NULL" else word


ARRAY = re.compile(r'"((?:[^"\\]|\\.)*)"|([^{},"\s][^{},"]*)|([{},]|\s+)', re.S)


def array(text: str, where: str) -> List[Optional[str]]:
    """The elements of an array literal, those of inner arrays included."""
    text = re.sub(r"^\[[\d:\[\]-]+\]=", "", text)
    found: List[Optional[str]] = []
    at = 0
    while at < len(text):
        match = ARRAY.match(text, at)
        if not match or not text.startswith("{") or not text.endswith("}"):
            raise SourceError(f"{where}: no array: {text[:60]!r}")
        quoted, plain, _ = match.groups()
        if quoted is not None:
            found.append(re.sub(r"\\(.)", r"\1", quoted, flags=re.S))
        elif plain is not None:
            found.append(None if plain.strip().upper() == "NULL" else plain.strip())
        at = match.end()
    return found
