"""Carries a plan out, or says what would be done; then reads everything back."""

import sys
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Dict, List, Optional

from facade import Facade, Refused, differences
from rules import Plan
from web import WebError

ACTIONS = ("written", "same", "kept", "skipped", "failed")
NOTE_S = 250  # nodes between two lines of progress


@dataclass
class Item:
    name: str
    action: str = ""
    differs: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    why: str = ""
    last_heard: Optional[str] = None


@dataclass
class Result:
    nodes: List[Item] = field(default_factory=list)
    profiles: List[Item] = field(default_factory=list)

    def count(self, kind: str, action: str) -> int:
        return sum(item.action == action for item in getattr(self, kind))

    def failed(self) -> bool:
        return any(item.action in ("failed", "skipped") for item in [*self.nodes, *self.profiles])


def _progress(kind: str, done: int, total: int) -> None:
    if total and (done == total or done % NOTE_S == 0):
        print(f"migrate: {kind}: {done} of {total}", file=sys.stderr)


def _decide(item: Item, there: bool, differs: List[str], overwrite: bool, write: Optional[Callable[[], None]]) -> None:
    """What the registry has already is not written over unasked: it may be newer. Without `write` nothing is written."""
    item.differs = differs
    if there and not differs:
        item.action = "same"
    elif there and not overwrite:
        item.action, item.why = "kept", "the registry has it with another " + ", ".join(differs)
    else:
        item.action = "written"
        try:
            if write:
                write()
        except (Refused, WebError) as err:
            item.action, item.why = "failed", str(err)


def _nodes(plan: Plan, facade: Facade, there: Dict[str, Dict[str, Any]], overwrite: bool, dry: bool) -> List[Item]:
    items = []
    for node in plan.nodes:
        item = Item(node.node_id, notes=node.notes, last_heard=node.last_heard)
        found = there.get(node.node_id)
        differs = differences(node, found) if found else []
        _decide(item, found is not None, differs, overwrite, None if dry else partial(facade.put_node, node))
        items.append(item)
        _progress("nodes", len(items), len(plan.nodes))
    return items + [Item(s.what, "skipped", why=s.why) for s in plan.skipped_nodes]


def _profiles(plan: Plan, facade: Facade, there: Dict[str, Any], overwrite: bool, dry: bool) -> List[Item]:
    items = []
    for profile in plan.profiles:
        item = Item(profile.role, notes=profile.notes)
        differs = ["config"] if profile.role in there and there[profile.role] != profile.config else []
        write = None if dry else partial(facade.put_profile, profile)
        _decide(item, profile.role in there, differs, overwrite, write)
        items.append(item)
        _progress("profiles", len(items), len(plan.profiles))
    return items + [Item(s.what, "skipped", why=s.why) for s in plan.skipped_profiles]


def _verify(plan: Plan, facade: Facade, result: Result) -> None:
    """What was written or found the same must be there now, as it was planned."""
    nodes, profiles = facade.nodes(), facade.profiles()
    for node, item in zip(plan.nodes, result.nodes):
        wrong = differences(node, nodes[node.node_id]) if node.node_id in nodes else ["absence"]
        if item.action in ("written", "same") and wrong:
            item.action, item.why = "failed", "read back with another " + ", ".join(wrong)
    for profile, item in zip(plan.profiles, result.profiles):
        if item.action in ("written", "same") and profiles.get(profile.role) != profile.config:
            item.action, item.why = "failed", "read back with another config"


def run(plan: Plan, facade: Facade, *, overwrite: bool, dry: bool) -> Result:
    """Refused or WebError where the facade cannot be read; a write that fails is the item's."""
    nodes, profiles = facade.nodes(), facade.profiles()
    result = Result(_nodes(plan, facade, nodes, overwrite, dry), _profiles(plan, facade, profiles, overwrite, dry))
    if not dry:
        _verify(plan, facade, result)
    return result
