"""The earlier registry's nodes and profiles, from its HTTP API. Its list came in two forms, {"nodes": [...], "total": n} and a plain array;
profiles can only be asked for one role at a time, and not everywhere."""

from typing import Any, Dict, List, Sequence, Set
from urllib.parse import quote

from source import Source, SourceError
from web import Web, WebError

PAGE = 1000
TEXTS = ("node_id", "hostname", "node_name", "node_type", "ip", "ip_address", "local_ip", "role", "node_role", "status")


def _check_node(node: Any, where: str) -> Dict[str, Any]:
    if not isinstance(node, dict) or not isinstance(node.get("node_id"), str):
        raise SourceError(f"{where}: an element that is no node")
    for name in TEXTS:
        if not isinstance(node.get(name), (str, type(None))):
            raise SourceError(f"{where}: node {node['node_id']}: {name} is no string")
    for name in ("labels", "roles"):
        if not isinstance(node.get(name), (list, type(None))):
            raise SourceError(f"{where}: node {node['node_id']}: {name} is no array")
    return node


def _pages(web: Web, source: Source) -> None:
    """Ends with the first empty page: a page's length says nothing where the service has bounds of its own."""
    seen: Set[str] = set()
    offset = 0
    while True:
        path = f"/api/v1/nodes?limit={PAGE}&offset={offset}"
        status, _, value = web.call("GET", path)
        if status != 200:
            raise SourceError(f"{web.url}{path}: status {status}")
        page = value.get("nodes") if isinstance(value, dict) else value
        if not isinstance(page, list):
            raise SourceError(f"{web.url}{path}: no list of nodes: is that a node registry?")
        nodes = [_check_node(node, web.url + path) for node in page]
        fresh = [node for node in nodes if node["node_id"] not in seen]
        for node in fresh:
            seen.add(node["node_id"])
            source.add_node(node, web.url)
        if not fresh:
            return
        offset += len(nodes)


def _check_count(web: Web, source: Source) -> None:
    """Its pages have no order, so that one node may be in two and another in none."""
    try:
        status, _, value = web.call("GET", "/metrics")
    except WebError:
        return
    total = value.get("total_nodes") if status == 200 and isinstance(value, dict) else None
    if isinstance(total, int) and total != len(source.nodes):
        source.warnings.append(f"it counts {total} nodes, and lists {len(source.nodes)}: use a dump, or run this again when nobody registers")


def _profiles(web: Web, source: Source, roles: Sequence[str]) -> None:
    wanted: List[str] = sorted({*roles, *(str(n.get("role") or n.get("node_role") or "") for n in source.nodes)} - {""})
    for role in wanted:
        try:
            status, _, value = web.call("GET", "/api/v1/profiles/" + quote(role, safe="", errors="replace"))
        except WebError as err:
            if err.status is None:
                raise
            continue  # an error page without JSON: it has no such call
        if status == 200 and isinstance(value, dict) and "config" in value:
            source.profiles.append({"role": role, "config": value["config"]})
        elif status not in (404, 405):
            raise SourceError(f"{web.url}: profile of {role}: status {status}")


def read(url: str, roles: Sequence[str]) -> Source:
    source = Source(url)
    web = Web(url)
    try:
        _pages(web, source)
        _check_count(web, source)
        _profiles(web, source, roles)
    except WebError as err:
        raise SourceError(str(err)) from None
    finally:
        web.close()
    return source
