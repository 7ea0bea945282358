"""Between a daemon and the sockets it changes the world by: every request is written down, and can be held or struck.

Who asks is told from the process at the other end of the unix socket: its environment says WIRETAP_KEY. So daemons that
share a configuration, and with it a socket, are told apart.
"""

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tests.support.eventually import eventually

KEY_VARIABLE = "WIRETAP_KEY"

Moment = Literal["before", "after"]
Serving = Callable[[], Awaitable[frozenset[str]]]


class Cut(Exception):
    """The connection has to end without an answer."""


@dataclass(frozen=True)
class Answer:
    """What comes back. effect: whether it changed something. error: the other side's words for why not."""

    status: int
    content: bytes
    effect: bool = False
    error: str | None = None
    content_type: str = "application/json"


@dataclass
class Request:
    """One request, as it reached the tap, with what became of it.

    service: docker or haproxy. target: of a call about one container: its name, whether it ran and whether it was a
    successor that has not got its predecessor's name yet. before, after: who served right before and after a mutation;
    None where nobody was asked.
    """

    service: str
    action: str
    key: str
    mutating: bool
    method: str = ""
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    seq: int = 0
    at_ns: int = 0
    effect: bool = False
    status: int = 0
    error: str | None = None
    fault: bool = False
    target: Mapping[str, Any] | None = None
    before: frozenset[str] | None = None
    after: frozenset[str] | None = None

    def __str__(self) -> str:
        about = (self.target or {}).get("name") or self.path or self.body or ""
        return f"{self.service}.{self.action} {about}".strip()


@dataclass
class Rule:
    """What strikes a request. key, action, path, body: patterns of what it concerns; mutating: None for reads as well.

    nth: which of them, counted from 1; 0 for every one. does: hold (until it is released), cut (the connection ends),
    delay (by `seconds`), answer (`status` and `words`, instead of asking).
    """

    does: Literal["hold", "cut", "delay", "answer"]
    moment: Moment = "before"
    key: str = "*"
    action: str = "*"
    path: str = "*"
    body: str = "*"
    mutating: bool | None = True
    nth: int = 1
    seconds: float = 0.0
    status: int = 500
    words: str = ""
    seen: int = 0
    struck: int = 0

    def concerns(self, request: Request) -> bool:
        """Whether it strikes this one; counts it."""
        meant = (
            self.mutating in (None, request.mutating)
            and fnmatchcase(request.key, self.key)
            and fnmatchcase(request.action, self.action)
            and fnmatchcase(request.path, self.path)
            and fnmatchcase(str(request.body), self.body)
        )
        self.seen += meant
        strikes = meant and self.nth in (0, self.seen)
        self.struck += strikes
        return strikes


@dataclass
class Held:
    """A request that is held."""

    request: Request
    rule: Rule
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _cut: bool = False

    @property
    def action(self) -> str:
        """What it asks for."""
        return self.request.action

    async def release(self, *, cut: bool = False) -> None:
        """Let it go on, or end its connection."""
        self._cut = self._cut or (cut and not self._released.is_set())
        self._released.set()

    async def wait(self) -> None:
        """Until it is released. Raises Cut when it may not go on."""
        await self._released.wait()
        if self._cut:
            raise Cut


@dataclass
class Wiretap:
    """The log of one or more sockets, and the rules that strike their requests.

    log: a file that gets one JSON object per request, in the order in which they took effect. serving: asked for the
    truth around every mutation.
    """

    log: Path | None = None
    serving: Serving | None = None
    requests: list[Request] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    holding: list[Held] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def mutations(self, *keys: str) -> list[Request]:
        """The mutating requests of these keys (patterns; of everybody when none is named), by arrival."""
        made = [
            one for one in self.requests if one.mutating and (not keys or any(fnmatchcase(one.key, k) for k in keys))
        ]
        return sorted(made, key=lambda one: one.seq)

    @asynccontextmanager
    async def held(
        self, action: str = "*", *, key: str = "*", moment: Moment, nth: int = 1, within_seconds: float = 150.0
    ) -> AsyncIterator[Held]:
        """The nth mutating request that is meant. Its connection is cut in the end, unless it was released; before its
        effect, that means that it never has one."""
        rule = Rule("hold", moment, key, action, nth=nth)
        self.rules.append(rule)

        async def look() -> Held | None:
            return next((one for one in self.holding if one.rule is rule), None)

        request = None
        try:
            request = await eventually(look, within_seconds=within_seconds)
            assert request is not None
            yield request
        finally:
            self.rules.remove(rule)
            if request is not None:
                await request.release(cut=True)

    @asynccontextmanager
    async def striking(self, rule: Rule) -> AsyncIterator[Rule]:
        """A rule for as long as the context lasts."""
        self.rules.append(rule)
        try:
            yield rule
        finally:
            self.rules.remove(rule)

    async def passes(self, request: Request, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Take a request through the rules to the other side, and its answer back. Raises Cut."""
        request.seq = next(self._numbers)
        strikes = [rule for rule in self.rules if rule.concerns(request)]
        try:
            answer = await self._struck(request, [rule for rule in strikes if rule.moment == "before"])
            if answer is None:
                request.before = await self._serving(request)
                answer = await ask()
                request.after = await self._serving(request)
                request.effect = answer.effect and request.mutating
            request.status, request.error = answer.status, answer.error
        except Cut:
            request.error = request.error or "its connection was cut before it was passed on"
            raise
        finally:
            self._write(request)
        return await self._struck(request, [rule for rule in strikes if rule.moment == "after"]) or answer

    async def _serving(self, request: Request) -> frozenset[str] | None:
        return await self.serving() if self.serving and request.mutating else None

    async def _struck(self, request: Request, rules: list[Rule]) -> Answer | None:
        for rule in rules:
            request.fault = request.fault or rule.does in ("cut", "answer")
            match rule.does:
                case "delay":
                    await asyncio.sleep(rule.seconds)
                case "hold":
                    await self._hold(request, rule)
                case "cut":
                    raise Cut
                case "answer":
                    content = json.dumps({"message": rule.words}).encode()
                    return Answer(rule.status, content, error=rule.words)
        return None

    async def _hold(self, request: Request, rule: Rule) -> None:
        held = Held(request, rule)
        self.holding.append(held)
        try:
            await held.wait()
        finally:
            self.holding.remove(held)

    def _write(self, request: Request) -> None:
        request.at_ns = time.time_ns()
        self.requests.append(request)
        if self.log is not None:
            told = {"kind": "request", **asdict(request)}
            with self.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(told, default=sorted) + "\n")


@dataclass
class Askers:
    """Whose process is at the other end of a unix socket."""

    _known: dict[int, str] = field(default_factory=dict)

    def key(self, connection: Any) -> str:
        """What its environment says, or `somebody`. It is remembered, because a process may be gone the moment after
        it has asked."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        number = int(struct.unpack("3i", raw)[0])
        if number not in self._known:
            self._known[number] = _key_of(number)
        return self._known[number]


class Proxy:
    """What stands on a unix socket of its own in front of another, for as long as its context lasts. socket: where it
    listens; behind: the one that it passes on to."""

    def __init__(self, tap: Wiretap, socket: Path, behind: Path) -> None:
        self.tap = tap
        self.socket = socket
        self.behind = behind
        self.askers = Askers()

    async def start(self) -> None:
        """Listen."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Stop, and let what is held go nowhere."""
        for held in list(self.tap.holding):
            await held.release(cut=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _key_of(number: int) -> str:
    try:
        environment = Path(f"/proc/{number}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "somebody"
    prefix = f"{KEY_VARIABLE}="
    return next((one.removeprefix(prefix) for one in environment if one.startswith(prefix)), "somebody")
