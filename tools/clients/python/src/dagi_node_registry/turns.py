"""Who is asked, in which order, how often and how long."""

import asyncio
import logging
import random
import time
from contextlib import asynccontextmanager
from typing import AsyncIterator, Awaitable, Callable, List, NamedTuple, Optional, Sequence, Tuple, TypeVar

from .answer import NoAnswer
from .http1 import Server, within

log = logging.getLogger("dagi_node_registry")

T = TypeVar("T")
#: Asks one server; NoAnswer or another exception where it does not answer. The number is when to be back (time.monotonic()).
Ask = Callable[[Server, float], Awaitable[T]]


class Refused(NoAnswer):
    """A server answered, but not the question. `again_s`: in how many seconds it may; None: not within this call."""

    def __init__(self, text: str, again_s: Optional[float] = None) -> None:
        super().__init__(text)
        self.again_s = again_s


class Limits(NamedTuple):
    deadline: float
    retries: int
    backoff: float
    backoff_max: float
    cooldown: float
    connections: int


def _why(err: Exception) -> str:
    if isinstance(err, asyncio.TimeoutError):
        return "no answer in time"
    if isinstance(err, asyncio.IncompleteReadError):
        return "the connection was closed before an answer"
    return str(err)[:200] or type(err).__name__


class Turns:
    """Asks servers in turn, the one that answered last first."""

    def __init__(self, servers: Sequence[Server], limits: Limits) -> None:
        self.servers = list(servers)
        self._limits = limits
        self._gate: "Optional[Tuple[asyncio.AbstractEventLoop, asyncio.Queue[None]]]" = None
        self._down: Optional[str] = None  # why nobody answers, since the last call that nobody answered
        self._rest_until = 0.0

    async def ask(self, ask: Ask[T]) -> Tuple[T, Server]:
        """The answer and who gave it, within the deadline; else NoAnswer, which names each server's reason."""
        if self._down is not None and time.monotonic() < self._rest_until:
            raise NoAnswer(self._down)
        reasons = {server.url: "not tried in time" for server in self.servers}
        end = time.monotonic() + self._limits.deadline
        try:
            found, server = await within(self._rounds(ask, end, reasons), self._limits.deadline)
        except (asyncio.TimeoutError, NoAnswer):
            why = "; ".join(f"{url}: {reason}" for url, reason in reasons.items())
            self._went_down(why)
            raise NoAnswer(why) from None
        if self._down is not None:
            self._down = None
            log.info("registry: answers again: url=%s", server.url)
        return found, server

    def _went_down(self, why: str) -> None:
        """One line when answers stop, not one a call."""
        if self._down is None:
            log.warning("registry: no answer: %s", why)
        self._down = why
        self._rest_until = time.monotonic() + self._limits.cooldown

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[None]:
        """The right to one of the connections. A queue of such rights, since before Python 3.11 a semaphore loses count when those
        who wait for it are cancelled; one for each event loop, since one of another loop cannot be waited for."""
        loop = asyncio.get_running_loop()
        if self._gate is None or self._gate[0] is not loop:
            self._gate = (loop, asyncio.Queue())
            for _ in range(self._limits.connections):
                self._gate[1].put_nowait(None)
        rights = self._gate[1]
        await rights.get()
        try:
            yield
        finally:
            rights.put_nowait(None)

    async def _rounds(self, ask: Ask[T], end: float, reasons: "dict[str, str]") -> Tuple[T, Server]:
        servers = list(self.servers)
        for number in range(self._limits.retries + 1):
            promising: List[Server] = []
            wait_s: List[float] = []
            for i, server in enumerate(servers):
                # A fair share of what is left: one that hangs does not use up the others' time.
                now = time.monotonic()
                share = (end - now) / (len(servers) - i)
                try:
                    async with self._connection():
                        found = await ask(server, now + share)
                except Exception as err:  # whatever a server does to us is its failing and not the caller's
                    reasons[server.url] = _why(err)
                    again = err.again_s if isinstance(err, Refused) else 0.0
                    if again is not None:
                        promising.append(server)
                        wait_s.append(again)
                else:
                    self._prefer(server)
                    return found, server
            servers = promising
            if not servers or number == self._limits.retries:
                break
            await self._pause(number, min(wait_s), end)
        raise NoAnswer()

    async def _pause(self, number: int, at_least_s: float, end: float) -> None:
        """Full jitter: callers that failed together do not come back together."""
        top = min(self._limits.backoff_max, self._limits.backoff * 2**number)
        pause = max(random.uniform(0, top), at_least_s)
        if time.monotonic() + pause >= end:
            raise NoAnswer()
        await asyncio.sleep(pause)

    def _prefer(self, server: Server) -> None:
        at = self.servers.index(server)
        self.servers = self.servers[at:] + self.servers[:at]
