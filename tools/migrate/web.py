"""JSON over HTTP, one request after the other on a kept connection. Answers are bounded; what may pass is tried again."""

import http.client
import json
import time
from typing import Any, Dict, Optional, Tuple
from urllib.parse import urlsplit

ANSWER_MAX = 64 << 20
TIMEOUT_S = 30
PATIENCE_S = 60  # for a server that asks to come back later
ABSENCE_S = 2
PASSING = (429, 502, 503, 504)


class WebError(Exception):
    """No answer, or one that is no JSON. `status` is that of the answer, where there was one."""

    def __init__(self, text: str, status: Optional[int] = None) -> None:
        super().__init__(text)
        self.status = status


class Web:
    def __init__(self, url: str, key: Optional[str] = None) -> None:
        """ValueError where it is no http(s) URL of a server."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError(f"must be http://HOST:PORT or https://HOST:PORT: {url!r}")
        self.url, self._path, self._key = url.rstrip("/"), parts.path.rstrip("/"), key
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None) -> Tuple[int, Any, Any]:
        """(status, headers, JSON) of an answer, whatever its status. All our requests may be repeated."""
        end, pause = time.monotonic() + PATIENCE_S, 0.2
        while True:
            try:
                status, headers, data = self._once(method, path, body)
                last, asked = f"status {status}", headers.get("Retry-After", "")
                if status not in PASSING:
                    return status, headers, self._json(status, data)
            except (OSError, http.client.HTTPException) as err:
                self._connection.close()
                last, asked = f"{type(err).__name__}: {err}", ""
                end = min(end, time.monotonic() + ABSENCE_S)  # a server that is not there at all is not waited for as long
            wait = max(pause, float(asked) if asked.isdigit() and len(asked) < 5 else 0)
            if time.monotonic() + wait > end:
                raise WebError(f"{self.url}: {method} {path}: {last}")
            time.sleep(wait)
            pause = min(pause * 2, 5)

    def _once(self, method: str, path: str, body: Any) -> Tuple[int, Any, bytes]:
        headers: Dict[str, str] = {"Accept": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body, ensure_ascii=False).encode()
        self._connection.request(method, self._path + path, data, headers)
        answer = self._connection.getresponse()
        got = answer.read(ANSWER_MAX + 1)
        if len(got) > ANSWER_MAX:
            self._connection.close()
            raise WebError(f"{self.url}: {method} {path}: an answer of more than {ANSWER_MAX >> 20} MiB")
        return answer.status, answer.headers, got

    def _json(self, status: int, data: bytes) -> Any:
        if not data:
            return None
        try:
            return json.loads(data.decode())
        except (ValueError, RecursionError):
            raise WebError(f"{self.url}: status {status}, but no JSON: is that a node registry?", status) from None


def problem(value: Any) -> str:
    """What an error's answer says, in one line: the facade's and the earlier service's."""
    if not isinstance(value, dict):
        return "no reason given"
    fields = [f"{e.get('field')} {e.get('message')}" for e in value.get("errors", []) if isinstance(e, dict)]
    return "; ".join(fields) or str(value.get("detail") or value.get("title") or "no reason given")[:300]
