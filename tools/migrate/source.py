"""What the earlier registry held, however it was read."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional

NODES_MAX = 100_000


class SourceError(Exception):
    """The source cannot be read; the text says where and why."""


@dataclass
class Beat:
    at: datetime
    status: Optional[str]


@dataclass
class Source:
    """Rows are dicts by column, with JSON and arrays as Python has them. `key` is how other tables name a node: its UUID."""

    name: str
    nodes: List[Dict[str, Any]] = field(default_factory=list)
    profiles: List[Dict[str, Any]] = field(default_factory=list)
    beat_count: Optional[int] = None  # None: the source does not tell
    beats: Dict[str, Beat] = field(default_factory=dict)  # the last of each node, by key
    warnings: List[str] = field(default_factory=list)

    def add_node(self, row: Dict[str, Any], where: str) -> None:
        if len(self.nodes) == NODES_MAX:
            raise SourceError(f"{where}: more than {NODES_MAX} nodes")
        self.nodes.append(row)

    def add_beat(self, key: Optional[str], at: Optional[datetime], status: Optional[str]) -> None:
        self.beat_count = (self.beat_count or 0) + 1
        if key and at and (key not in self.beats or self.beats[key].at < at):
            self.beats[key] = Beat(at, status)


TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,9})?(?:Z|([+-])(\d\d):?(\d\d)?)?$")


def parse_time(text: Any) -> Optional[datetime]:
    """A time as PostgreSQL or JSON writes it, UTC where no zone is named; None for anything else."""
    match = TIME.match(text) if isinstance(text, str) else None
    if not match:
        return None
    day, clock, part, sign, hours, minutes = match.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=timezone.utc)
        at += timedelta(microseconds=int(float(part or 0) * 1e6))
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        return at - offset if sign == "+" else at + offset
    except (ValueError, OverflowError):
        return None


def time_text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
