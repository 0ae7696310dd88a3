"""Moves the nodes and profiles of the earlier node registry into ours. Run the folder: python3 tools/migrate --help."""

import argparse
import sys
from typing import List, Optional

import dump
import move
import oldapi
import report
import rules
from facade import Facade, Refused
from source import SourceError
from web import Web, WebError

WORDS = """Exit status: 0 all that the source has is there; 1 something was skipped or failed, or the source or the registry cannot be
read; 2 wrong usage. May be run again: what is there already is left as it is. deploy/MIGRATION.md says more."""


def _arguments(argv: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="migrate", description="Moves the nodes and profiles of the earlier node registry into this one.",
                                     epilog=WORDS, allow_abbrev=False)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--from-url", metavar="URL", help="the earlier registry's address: http://old:9205")
    source.add_argument("--from-dump", metavar="FILE", help="a dump of its database by pg_dump, in any format; -: standard input")
    parser.add_argument("--to", metavar="URL", default="http://127.0.0.1:9205", help="the facade that takes over (%(default)s)")
    parser.add_argument("--key", metavar="FILE", help="a file with a key for that facade, where it is on another machine")
    parser.add_argument("--role", metavar="ROLE", action="append", default=[],
                        help="with --from-url: ask for the profile of this role too, which no node has; may be repeated")
    parser.add_argument("--overwrite", action="store_true", help="write also what the registry already has otherwise")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--json", action="store_true", help="say it as JSON")
    parser.add_argument("--leftovers", metavar="FILE", help="write there what was left out or skipped, as JSON")
    return parser.parse_args(argv)


def _key(path: Optional[str]) -> Optional[str]:
    """The key in the file; ValueError where there is none."""
    if path is None:
        return None
    try:
        with open(path, encoding="ascii") as file:
            key = file.read(4096).strip()
    except (OSError, UnicodeDecodeError) as err:
        raise ValueError(f"{path}: {err}") from None
    if not key or not key.isprintable() or " " in key:
        raise ValueError(f"{path}: holds no key")
    return key


def _say(text: str) -> None:
    print(f"migrate: {text}", file=sys.stderr)


def main(argv: List[str]) -> int:
    options = _arguments(argv)
    try:
        web = Web(options.to, _key(options.key))
        if options.from_url:
            Web(options.from_url)
    except ValueError as err:
        _say(str(err))
        return 2
    try:
        source = oldapi.read(options.from_url, options.role) if options.from_url else dump.read(options.from_dump)
    except SourceError as err:
        _say(f"{options.from_url or options.from_dump}: {err}")
        return 1
    for warning in source.warnings:
        _say(f"{source.name}: {warning}")
    sys.setrecursionlimit(4 * sys.getrecursionlimit())  # what could be read, however it nests, can be walked and written
    plan = rules.plan_of(source)
    try:
        result = move.run(plan, Facade(web), overwrite=options.overwrite, dry=options.dry_run)
    except (Refused, WebError) as err:
        _say(str(err))
        return 1
    finally:
        web.close()
    print((report.as_json if options.json else report.text)(source, plan, result, options.dry_run))
    if options.leftovers:
        report.write_leftovers(options.leftovers, plan)
    elif report.leftovers(plan):
        _say("some content was left out: --leftovers FILE keeps it")
    if not report.adds_up(report.counts(source, plan, result)):
        _say("the counts do not add up")
        return 1
    return 1 if result.failed() or source.warnings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
