"""One stream of events per engine, kept open: it wakes whoever watches, and remembers what was run in containers.

The engine keeps its last 256 events of all kinds, and none over a restart of its own. Each look back therefore asks for
everything since the last event that is known for certain: where that event itself is in the answer, nothing in between
is missing; where it is not, and the stream was broken, there is a gap.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from controller.clients.docker_errors import TooLarge, TooOld, of_failure, of_status
from controller.clients.docker_record import EngineEvent, Record, event_of, events_of
from controller.clients.docker_transport import Attempt, Transport
from controller.domain.errors import PlatformError, Transient
from controller.domain.ports import Clock

CALL = "docker.SystemEvents"
OURS = {"ContainerStart": "start", "ContainerStop": "die", "ContainerDelete": "destroy"}
"""What the engine tells when we ourselves have done this."""

FAILURES = (aiohttp.ClientError, OSError, TimeoutError, TooLarge, TooOld, ValueError, RecursionError)
TO_THE_SECOND = timedelta(seconds=1)
"""The engine's present lies between what it says, and this much later."""

LATE = timedelta(seconds=3)
"""An event that is so old and was not heard by the stream will not be. By the engine's clock, the present is known to a
second or two only."""

LONGEST_EVENT_BYTES = 1024 * 1024
MOST_EXPECTED = 1024


@dataclass(frozen=True, slots=True)
class EventBounds:
    """answer_seconds: for one look back, and until the stream is there. answer_bytes: of a look back. quiet_seconds:
    so often the stream has to prove that nothing is missing. first_pause_seconds, most_pause_seconds: before a broken
    stream is opened again; the first one after a stream that held for longer than the most."""

    answer_seconds: float = 6.0
    answer_bytes: int = 16 * 1024 * 1024
    quiet_seconds: float = 15.0
    first_pause_seconds: float = 0.1
    most_pause_seconds: float = 10.0


class EngineEvents:
    """Begins to watch at the first use, in a task of its own, and goes on until it is closed."""

    def __init__(self, transport: Transport, clock: Clock, bounds: EventBounds = EventBounds()) -> None:
        self._transport = transport
        self._clock = clock
        self._bounds = bounds
        self._record = Record()
        self._mark: EngineEvent | None = None
        self._skew = timedelta()
        self._began_at = clock.now()
        self._looking = asyncio.Lock()
        self._open = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._failure: PlatformError | None = None
        self._callbacks: dict[object, Callable[[EngineEvent], None]] = {}
        self._expected: dict[tuple[str, str], datetime] = {}

    async def seen(self) -> Record:
        """Everything up to this moment: asks the engine once for what the stream may not have brought yet.

        Raises PlatformError when the engine cannot be asked.
        """
        self._begin()
        try:
            async with asyncio.timeout(self._bounds.answer_seconds):
                await self._open.wait()
        except TimeoutError:
            raise self._failure or Transient(f"{CALL}: no stream of events yet", call=CALL, code="timeout") from None
        try:
            await self._look_back()
        except FAILURES as error:
            raise of_failure(error, CALL, perhaps=False) from None
        return self._record

    def on_change(self, callback: Callable[[EngineEvent], None]) -> Callable[[], None]:
        """Be told of every event of a container from now on, but for those of our own doing; what it returns ends that.
        The callback must return at once and raise nothing."""
        self._begin()
        token = object()
        self._callbacks[token] = callback

        def end() -> None:
            self._callbacks.pop(token, None)

        return end

    def expect(self, operation: str, container: str, seconds: float) -> None:
        """We are about to do this to a container: its event, should it come within that time, is no news."""
        action, now = OURS.get(operation), self._clock.now()
        if action is None:
            return
        self._expected = {key: until for key, until in self._expected.items() if until > now}
        if len(self._expected) < MOST_EXPECTED:
            self._expected[(container, action)] = now + timedelta(seconds=seconds)

    async def aclose(self) -> None:
        """Stop watching."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait((self._watching,))
            self._watching = None

    def _begin(self) -> None:
        if self._watching is None or self._watching.done():
            self._began_at = self._clock.now()
            # In a context of its own: whoever happens to come first is not timed until the end of days.
            self._watching = asyncio.create_task(self._watch(), name="events of an engine", context=Context())

    async def _watch(self) -> None:
        """For ever: a stream, and when it breaks another one."""
        pause = self._bounds.first_pause_seconds
        while True:
            began_at = self._clock.now()
            try:
                await self._stream()
            except PlatformError as error:
                self._failure = error
            except FAILURES as error:
                self._failure = of_failure(error, CALL, perhaps=False)
            self._open.clear()
            if (self._clock.now() - began_at).total_seconds() > self._bounds.most_pause_seconds:
                pause = self._bounds.first_pause_seconds
            self._record.breaks(self._last_seen_at(), str(self._failure))
            await self._clock.sleep(pause)
            pause = min(2 * pause, self._bounds.most_pause_seconds)

    async def _stream(self) -> None:
        """One stream, until it breaks; raises what broke it."""
        async with asyncio.timeout(self._bounds.answer_seconds) as opening:
            async with self._transport.stream("/events", {"since": self._since()}) as answer:
                if answer.status != 200:
                    raise of_status(answer.status, CALL, "", mutation=False)
                self._skew = _date(answer, self._clock.now()) - self._clock.now()
                await self._look_back()
                opening.reschedule(None)
                self._open.set()
                await self._follow(answer)

    async def _follow(self, answer: aiohttp.ClientResponse) -> None:
        """Take what comes, and now and then prove that nothing is missing."""
        tasks = [asyncio.create_task(self._take_all(answer)), asyncio.create_task(self._stay_sure())]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _take_all(self, answer: aiohttp.ClientResponse) -> None:
        async for line in _lines(answer):
            self._take(event_of(json.loads(line)))
        raise aiohttp.ServerDisconnectedError

    async def _stay_sure(self) -> None:
        while True:
            await self._clock.sleep(self._bounds.quiet_seconds)
            await self._look_back()

    async def _look_back(self) -> None:
        """Ask for everything since the last event that is certain, and judge whether something is missing."""
        async with self._looking, asyncio.timeout(self._bounds.answer_seconds):
            now = self._clock.now()
            until = int((now + self._skew).timestamp())
            query = {"since": self._since(), "until": str(until)}
            status, content = await self._transport.send(
                Attempt(), "GET", "/events", query, None, self._bounds.answer_bytes
            )
            if status != 200:
                raise of_status(status, CALL, "", mutation=False)
            events = events_of([json.loads(line) for line in content.splitlines() if line.strip()])
            self._judge(events, now)
            self._record.seen_until = min(now, datetime.fromtimestamp(until, UTC) - self._skew)

    def _judge(self, events: list[EngineEvent], now: datetime) -> None:
        record, mark = self._record, self._mark
        oldest = events[0].at if events else now + self._skew + TO_THE_SECOND
        unheard = [event for event in events if self._take(event)]
        if record.watched_from is None:
            record.watched_from = oldest
        elif mark is not None and any(event.key == mark.key for event in events):
            record.bridged()
        else:
            if any(event.at < now + self._skew - LATE for event in unheard):
                record.breaks(self._last_seen_at(), "the engine told more than could be heard")
            record.lost(oldest)
        if events:
            self._mark = events[-1]

    def _take(self, event: EngineEvent) -> bool:
        """Keep an event, and tell of it; False when it was known already."""
        if not self._record.add(event):
            return False
        was_so_before = event.at < self._began_at + self._skew
        if event.kind == "container" and not self._is_ours(event) and not was_so_before:
            for callback in list(self._callbacks.values()):
                callback(event)
        return True

    def _is_ours(self, event: EngineEvent) -> bool:
        names = (event.id, event.id[:12], event.attributes.get("name", ""))
        until = [self._expected.pop((name, event.action), None) for name in names]
        now = self._clock.now()
        return any(at is not None and at >= now for at in until)

    def _since(self) -> str:
        return self._mark.since if self._mark else "0"

    def _last_seen_at(self) -> datetime:
        """Of what is certain, the last moment."""
        now = self._clock.now()
        sure = self._record.seen_until or now
        return max(sure + self._skew, self._mark.at) if self._mark else sure + self._skew


async def _lines(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The lines of a stream. Raises TooLarge for one that does not end."""
    rest = b""
    async for piece in answer.content.iter_any():
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LONGEST_EVENT_BYTES:
            raise TooLarge("an event does not end")
        for line in lines:
            if line.strip():
                yield line


def _date(answer: aiohttp.ClientResponse, now: datetime) -> datetime:
    """The engine's time, to the second: from the answer's header, or a little before ours where there is none."""
    with suppress(TypeError, ValueError):
        told = parsedate_to_datetime(answer.headers.get("Date", ""))
        if told.tzinfo is not None:
            return told
    return now - timedelta(seconds=2)
