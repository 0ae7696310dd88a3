"""How what the earlier registry held becomes ours. Whatever does not go over as it was is named in a note, and what is left out is kept
aside. deploy/MIGRATION.md states these rules for the operator."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Set

import bounds
from source import Source, parse_time, time_text

#: Members of a row that have a place of their own, or need none: `id` only linked the tables, and the rest is computed anew.
PLACED = {"id", "node_id", "hostname", "role", "node_role", "ip", "ip_address", "labels", "metadata", "node_metadata", "status",
          "last_heartbeat", "created_at", "registered_at", "updated_at"}
#: These stay until somebody ends them; the others are measured anew.
DECLARED = ("maintenance", "draining", "left")
TEXTS = ("node_name", "node_type", "local_ip")


@dataclass
class Node:
    node_id: str
    hostname: str = ""
    role: str = ""
    ip: Optional[str] = None
    labels: List[str] = field(default_factory=list)
    metadata: Dict[str, Any] = field(default_factory=dict)
    declared: Optional[str] = None
    notes: List[str] = field(default_factory=list)
    left_out: Dict[str, Any] = field(default_factory=dict)
    last_heard: Optional[str] = None
    has_profiles: bool = False  # metadata.profiles is made of the node's profiles


@dataclass
class Profile:
    role: str
    config: Dict[str, Any]
    notes: List[str] = field(default_factory=list)


@dataclass
class Skipped:
    what: str
    why: str
    content: Any


@dataclass
class Plan:
    nodes: List[Node] = field(default_factory=list)
    profiles: List[Profile] = field(default_factory=list)
    skipped_nodes: List[Skipped] = field(default_factory=list)
    skipped_profiles: List[Skipped] = field(default_factory=list)
    node_profiles: int = 0  # of the profiles, those that went into their node's metadata


def _either(row: Dict[str, Any], *names: str) -> str:
    return next((str(row[name]) for name in names if row.get(name)), "")


def _fit(node: Node, what: str, value: str, most: int) -> str:
    fitting = bounds.text(value, most)
    if fitting != value:
        node.notes.append(f"{what} made to fit: {fitting!r}")
        node.left_out[what] = value
    return fitting


def _names(node: Node, row: Dict[str, Any]) -> None:
    hostname = _either(row, "hostname")
    if not hostname:
        hostname = _either(row, "node_name") or node.node_id
        node.notes.append(f"without a hostname: {hostname!r} is taken")
    node.hostname = _fit(node, "hostname", hostname, bounds.HOSTNAME_MAX) or node.node_id
    role = _either(row, "role", "node_role")
    if not role:
        node.notes.append("without a role: 'worker' is taken")
    node.role = _fit(node, "role", role, bounds.ROLE_MAX) or "worker"


def _address(node: Node, row: Dict[str, Any]) -> None:
    value = _either(row, "ip", "ip_address")
    node.ip = bounds.address(value) or None
    if value and not node.ip:
        node.notes.append(f"{value[:60]!r} is no address: kept as metadata.earlier_ip")
        _set(node, "earlier_ip", bounds.tidy(value, "metadata.earlier_ip", node.notes))
    elif node.ip and "/" in value:
        node.notes.append(f"the mask of {value} is left out")


def _labels(node: Node, row: Dict[str, Any]) -> None:
    """The labels, and as further ones the roles of those that have several."""
    unfit: List[Any] = []
    for label in [*(row.get("labels") or []), *(row.get("roles") or [])]:
        if not isinstance(label, str) or not bounds.fits(label, bounds.LABEL_MAX):
            unfit.append(label)
        elif label not in node.labels:
            (node.labels if len(node.labels) < bounds.LABELS_MAX else unfit).append(label)
    if unfit:
        node.notes.append(f"{len(unfit)} labels do not fit (at most {bounds.LABELS_MAX}, of 1 to {bounds.LABEL_MAX} bytes): "
                          + ", ".join(repr(label)[:40] for label in unfit[:5]))
        node.left_out["labels"] = unfit


def _set(node: Node, name: str, value: Any) -> None:
    """A member of metadata that has come from elsewhere; it goes before one of the same name."""
    if name in node.metadata and node.metadata[name] != value:
        node.notes.append(f"metadata.{name} gives way to another {name}")
        node.left_out[f"metadata.{name}"] = node.metadata[name]
    node.metadata[name] = value


def _metadata(node: Node, row: Dict[str, Any]) -> None:
    given = row.get("metadata") if row.get("metadata") is not None else row.get("node_metadata")
    node.metadata = bounds.tidy_object(given, "metadata", node.notes)
    for name, value in row.items():
        if name in TEXTS and value:
            _set(node, name, _fit(node, name, str(value), bounds.TEXT_MAX))
        elif name not in PLACED and name not in TEXTS and name != "labels" and value not in (None, "", [], {}):
            _set(node, name, bounds.tidy(value, f"metadata.{name}", node.notes, bounds.DEPTH_MAX - 1))
    began = parse_time(row.get("created_at")) or parse_time(row.get("registered_at"))
    if began and "registered_at" not in node.metadata:
        node.metadata["registered_at"] = time_text(began)


def _shrink(node: Node) -> None:
    """Leaves out the largest members of metadata until the rest fits; of its profiles, one after the other."""
    while bounds.size(node.metadata) > bounds.METADATA_MAX:
        name = max(node.metadata, key=lambda n: (bounds.size(node.metadata[n]), n))
        profiles = node.metadata[name]
        if name == "profiles" and isinstance(profiles, dict) and len(profiles) > 1:
            inner = max(profiles, key=lambda n: (bounds.size(profiles[n]), n))
            label, value = f"metadata.profiles.{inner}", profiles.pop(inner)
        else:
            label, value = f"metadata.{name}", node.metadata.pop(name)
        node.notes.append(f"{label} left out: metadata is over {bounds.METADATA_MAX} bytes, and this of {bounds.size(value)} its largest")
        node.left_out[label] = value


def _node(row: Dict[str, Any]) -> Node:
    node = Node(bounds.node_id(row["node_id"]))
    _metadata(node, row)
    if node.node_id != row["node_id"]:
        node.notes.append(f"id {row['node_id']!r} is none here: kept as metadata.earlier_node_id")
        _set(node, "earlier_node_id", bounds.tidy(row["node_id"], "metadata.earlier_node_id", node.notes))
    _names(node, row)
    _address(node, row)
    _labels(node, row)
    if row.get("status") in DECLARED:
        node.declared = row["status"]
    return node


def _role_profile(row: Dict[str, Any], plan: Plan) -> None:
    notes: List[str] = []
    role, config = bounds.text(row["role"], bounds.ROLE_MAX), bounds.tidy_object(row.get("config"), "config", notes)
    if role != row["role"]:
        notes.append(f"role made to fit: {role!r}")
    if not role:
        plan.skipped_profiles.append(Skipped(repr(row["role"]), "no role is left of it", row))
    elif bounds.size(config) > bounds.CONFIG_MAX:
        plan.skipped_profiles.append(Skipped(role, f"its config is over {bounds.CONFIG_MAX} bytes", row))
    elif any(p.role == role for p in plan.profiles):
        plan.skipped_profiles.append(Skipped(role, "a second profile of this role", row))
    else:
        plan.profiles.append(Profile(role, config, notes))


def _node_profile(row: Dict[str, Any], by_key: Dict[str, Node], plan: Plan) -> None:
    """One of a node, which here has no profile of its own: a member of its metadata."""
    node, name = by_key.get(str(row.get("node_id"))), row.get("profile_name") or row.get("id") or ""
    if not node or not name:
        plan.skipped_profiles.append(Skipped(str(name), f"there is no node {row.get('node_id')}", row))
        return
    if not node.has_profiles:
        _set(node, "profiles", {})
        node.has_profiles = True
    profiles = node.metadata["profiles"]
    if name in profiles:
        plan.skipped_profiles.append(Skipped(name, f"a second profile of this name at {node.node_id}", row))
        return
    profiles[name] = {"type": row.get("profile_type"), "enabled": row.get("enabled", True),
                      "config": bounds.tidy(row.get("config"), f"metadata.profiles.{name}"[:100], node.notes, bounds.DEPTH_MAX - 3)}
    plan.node_profiles += 1


def _heard(node: Node, row: Dict[str, Any], source: Source) -> None:
    """For the summary only: a heartbeat is signed by who makes it, so nobody can hand in another's."""
    times = [parse_time(row.get("last_heartbeat")), *(b.at for b in [source.beats.get(str(row.get("id")))] if b)]
    node.last_heard = max((time_text(t) for t in times if t), default=None)


def plan_of(source: Source) -> Plan:
    plan = Plan()
    by_key: Dict[str, Node] = {}
    taken: Set[str] = set()
    for row in source.nodes:
        if not row.get("node_id"):
            plan.skipped_nodes.append(Skipped(str(row.get("hostname")), "it has no node_id", row))
            continue
        node = _node(row)
        if node.node_id in taken:
            plan.skipped_nodes.append(Skipped(node.node_id, "a second node of this id", row))
            continue
        taken.add(node.node_id)
        _heard(node, row, source)
        by_key[str(row.get("id"))] = node
        plan.nodes.append(node)
    for row in source.profiles:
        if row.get("role"):
            _role_profile(row, plan)
        else:
            _node_profile(row, by_key, plan)
    for node in plan.nodes:
        _shrink(node)
    return plan
