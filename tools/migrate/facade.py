"""The registry that takes over, through its HTTP facade: what it has, what is written, and what it has then."""

from typing import Any, Dict, List
from urllib.parse import quote

from rules import Node, Profile
from web import Web, problem

PAGE = 1000


class Refused(Exception):
    """The facade's answer to a write, where it is not the one that was hoped for."""


class Facade:
    def __init__(self, web: Web) -> None:
        self._web = web

    def nodes(self) -> Dict[str, Dict[str, Any]]:
        found: Dict[str, Dict[str, Any]] = {}
        offset = 0
        while True:
            path = f"/api/v1/nodes?view=flat&limit={PAGE}&offset={offset}"
            status, _, page = self._web.call("GET", path)
            if status != 200 or not isinstance(page, list):
                raise Refused(f"{self._web.url}{path}: status {status}: {problem(page)}")
            found.update((str(node.get("node_id")), node) for node in page if isinstance(node, dict))
            offset += len(page)
            if len(page) < PAGE:
                return found

    def profiles(self) -> Dict[str, Any]:
        status, _, value = self._web.call("GET", "/api/v1/profiles")
        if status != 200 or not isinstance(value, list):
            raise Refused(f"{self._web.url}: profiles: status {status}: {problem(value)}")
        return {p["role"]: p["config"] for p in value}

    def put_node(self, node: Node) -> None:
        body = {"node_id": node.node_id, "hostname": node.hostname, "role": node.role, "ip": node.ip, "labels": node.labels,
                "metadata": node.metadata}
        self._write("POST", "/api/v1/nodes/register", body)
        if node.declared:
            self._write("POST", "/api/v1/nodes/heartbeat", {"node_id": node.node_id, "status": node.declared})

    def put_profile(self, profile: Profile) -> None:
        self._write("PUT", "/api/v1/profiles/" + quote(profile.role, safe=""), profile.config)

    def _write(self, method: str, path: str, body: Any) -> None:
        status, _, value = self._web.call(method, path, body)
        if status not in (200, 204):
            raise Refused(f"status {status}: {problem(value)}")


def differences(node: Node, there: Dict[str, Any]) -> List[str]:
    """The fields in which the registry's node is not the planned one."""
    wanted = {"hostname": node.hostname, "role": node.role, "ip": node.ip, "labels": sorted(node.labels), "metadata": node.metadata}
    found = {**there, "labels": sorted(there.get("labels") or [])}
    differing = [name for name, value in wanted.items() if found.get(name) != value]
    return differing + (["status"] if node.declared and there.get("status") != node.declared else [])
