"""What was done, or would be: for people and for scripts."""

import json
import os
from typing import Any, Dict, List

from move import ACTIONS, Item, Result
from rules import Plan
from source import Source


def _clean(text: str) -> str:
    """For a terminal: names come from a database that strangers may have written to."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _rows(kind: str, items: List[Item], dry: bool) -> List[List[str]]:
    rows = []
    for item in items:
        action = "would be written" if dry and item.action == "written" else item.action
        rows.append([kind, _clean(item.name), action, item.last_heard or "-", _clean("; ".join(filter(None, [item.why, *item.notes])))])
    return rows


def _table(rows: List[List[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return "\n".join("  ".join([*(cell.ljust(w) for cell, w in zip(row, widths)), row[-1]]).rstrip() for row in rows)


def counts(source: Source, plan: Plan, result: Result) -> Dict[str, Dict[str, int]]:
    found = {"nodes": len(source.nodes), "profiles": len(source.profiles)}
    table = {kind: {"source": found[kind], **{action: result.count(kind, action) for action in ACTIONS}} for kind in found}
    table["profiles"]["in_nodes"] = plan.node_profiles
    return table


def adds_up(table: Dict[str, Dict[str, int]]) -> bool:
    return all(row["source"] == sum(n for name, n in row.items() if name != "source") for row in table.values())


def text(source: Source, plan: Plan, result: Result, dry: bool) -> str:
    rows = [["KIND", "NAME", "ACTION", "LAST HEARD", "NOTES"], *_rows("node", result.nodes, dry), *_rows("profile", result.profiles, dry)]
    table = counts(source, plan, result)
    summary = [["", "source", *ACTIONS, "in nodes"]]
    for kind, row in table.items():
        summary.append([kind, str(row["source"]), *(str(row[action]) for action in ACTIONS), str(row.get("in_nodes", "-"))])
    beats = "unknown" if source.beat_count is None else str(source.beat_count)
    summary.append(["heartbeats", beats, *["-"] * len(ACTIONS), "-"])
    words = [_table(rows), "", _table(summary), "", "Heartbeats are not moved: each is signed by who makes it."]
    if dry:
        words.append("Nothing was written.")
    return "\n".join(words)


def as_json(source: Source, plan: Plan, result: Result, dry: bool) -> str:
    left = {node.node_id: node.left_out for node in plan.nodes if node.left_out}
    def item(i: Item) -> Dict[str, Any]:
        return {"name": i.name, "action": i.action, "differs": i.differs, "why": i.why, "notes": i.notes, "last_heard": i.last_heard,
                "left_out": sorted(left.get(i.name, {}))}
    return json.dumps({
        "source": source.name, "dry_run": dry, "nodes": [item(i) for i in result.nodes], "profiles": [item(i) for i in result.profiles],
        "summary": {**counts(source, plan, result), "heartbeats": {"source": source.beat_count}}, "warnings": source.warnings,
    }, indent=2)


def leftovers(plan: Plan) -> Dict[str, Any]:
    """All that was left out or skipped, as the source had it."""
    nodes = {node.node_id: node.left_out for node in plan.nodes if node.left_out}
    return {name: value for name, value in (
        ("left_out_of_nodes", nodes), ("skipped_nodes", [s.content for s in plan.skipped_nodes]),
        ("skipped_profiles", [s.content for s in plan.skipped_profiles])) if value}


def write_leftovers(path: str, plan: Plan) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(leftovers(plan), file, indent=2)
        file.write("\n")
