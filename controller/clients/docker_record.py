"""What an engine told by itself, kept within bounds, and from when to when that is everything there was to tell."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

MOST_KNOWN = 2048
MOST_CONTAINERS = 4096
MOST_COMMANDS = 32
MOST_GAPS = 64
LONGEST_COMMAND = 512


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """One event. kind: container, image, network ... action: its first word; detail: what stands behind the colon, such
    as the command of `exec_create: CMD` or the state of `health_status: unhealthy`. id: of what it is about, whole.
    attributes: a container's labels among them, with its `name` and `image`. nanoseconds: since 1970, by the engine's
    clock."""

    kind: str
    action: str
    detail: str
    id: str
    nanoseconds: int
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """When it happened, by the engine's clock."""
        return datetime.fromtimestamp(self.nanoseconds / 1e9, UTC)

    @property
    def since(self) -> str:
        """As the engine takes a time: SECONDS.NANOSECONDS."""
        return f"{self.nanoseconds // 10**9}.{self.nanoseconds % 10**9:09d}"

    @property
    def key(self) -> tuple[int, str, str, str]:
        """What tells it from every other."""
        return self.nanoseconds, self.kind, self.action, self.id


@dataclass(frozen=True, slots=True)
class Exec:
    """One command that was run in a container from outside, its own health check included, and how often. The engine
    joins the words of a command with blanks."""

    command: str
    first_at: datetime
    last_at: datetime
    created: int = 0
    started: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which not everything can have been seen. until_at: None while it lasts."""

    from_at: datetime
    until_at: datetime | None
    reason: str


def event_of(told: Any) -> EngineEvent:
    """One event as the engine tells it. Raises ValueError for what is none."""
    try:
        actor, nanoseconds = told["Actor"], told["timeNano"]
        action, _, detail = told["Action"].partition(": ")
        kept = {str(name): str(value) for name, value in (actor.get("Attributes") or {}).items()}
        event = EngineEvent(str(told["Type"]), action, detail, str(actor["ID"]), int(nanoseconds), kept)
        datetime.fromtimestamp(event.nanoseconds / 1e9, UTC)
    except (AttributeError, KeyError, OverflowError, OSError, TypeError):
        raise ValueError("no event") from None
    return event


class Record:
    """Everything that is kept. Times of events are the engine's, those of gaps and proofs as near to it as is known.

    watched_from: since when it is kept; the engine's last 256 events before the first look are in it. seen_until: the
    last moment (our clock) of which it is proven that everything before it was seen, gaps excepted.
    """

    def __init__(self) -> None:
        self.watched_from: datetime | None = None
        self.seen_until: datetime | None = None
        self._known: OrderedDict[tuple[int, str, str, str], None] = OrderedDict()
        self._execs: OrderedDict[str, dict[str, Exec]] = OrderedDict()
        self._gaps: list[Gap] = []
        self._broken: Gap | None = None

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The newest, oldest first; the last is still open while the stream is broken and nothing has bridged it."""
        return (*self._gaps, self._broken) if self._broken else tuple(self._gaps)

    def gaps_since(self, at: datetime) -> tuple[Gap, ...]:
        """Those that reach into the time from `at` on, and the time before the record began, where `at` is earlier."""
        found = tuple(gap for gap in self.gaps if gap.until_at is None or gap.until_at > at)
        if self.watched_from is not None and at < self.watched_from:
            return (Gap(at, self.watched_from, "Repave was not watching yet"), *found)
        return found

    def execs(self, container_id: str) -> tuple[Exec, ...]:
        """The commands run in a container, by its id or the first 12 digits of it; the newest 32, oldest first."""
        found = self._execs.get(container_id[:12], {})
        return tuple(sorted(found.values(), key=lambda one: one.last_at))

    def add(self, event: EngineEvent) -> bool:
        """Keep an event; False when it is known already."""
        if event.key in self._known:
            return False
        self._known[event.key] = None
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        if event.kind == "container":
            self._note(event)
        return True

    def breaks(self, from_at: datetime, reason: str) -> None:
        """From now on nothing is seen."""
        if self._broken is None and self.watched_from is not None:
            self._broken = Gap(from_at, None, reason)

    def bridged(self) -> None:
        """What happened during the break has been told afterwards, whole."""
        self._broken = None

    def lost(self, until_at: datetime) -> None:
        """What happened during the break is lost, up to then."""
        if self._broken is not None:
            self._gaps = [*self._gaps, replace(self._broken, until_at=until_at)][-MOST_GAPS:]
            self._broken = None

    @property
    def is_broken(self) -> bool:
        """Whether nothing is seen now, or what was missed is not known yet."""
        return self._broken is not None

    def _note(self, event: EngineEvent) -> None:
        container = event.id[:12]
        if event.action == "destroy":
            self._execs.pop(container, None)
        family, _, what = event.action.partition("_")
        if family != "exec" or what not in ("create", "start"):
            return
        commands = self._execs.setdefault(container, {})
        self._execs.move_to_end(container)
        while len(self._execs) > MOST_CONTAINERS:
            self._execs.popitem(last=False)
        command = event.detail[:LONGEST_COMMAND]
        before = commands.get(command, Exec(command, event.at, event.at))
        commands[command] = replace(
            before,
            first_at=min(before.first_at, event.at),
            last_at=max(before.last_at, event.at),
            created=before.created + (what == "create"),
            started=before.started + (what == "start"),
        )
        if len(commands) > MOST_COMMANDS:
            del commands[min(commands.values(), key=lambda one: one.last_at).command]


def events_of(rows: list[Any]) -> list[EngineEvent]:
    """The events of an answer, oldest first."""
    return sorted((event_of(row) for row in rows), key=lambda event: event.nanoseconds)
