"""Who emits what since when: the truth behind the world's CloudWatch.

Nothing is stored point by point. What an instance emits is a chain of episodes, each with the moment since which it
holds; points and lines are worked out when somebody asks, up to the world's present.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from controller.demo.emissions import Emits, LogSpec, MetricSpec
from controller.demo.world.conditions import Conditions
from controller.demo.world.members import Member
from controller.demo.world.scaling import WorldAutoScaling

Spec = TypeVar("Spec", MetricSpec, LogSpec)


class SourceState(StrEnum):
    """How a whole source of telemetry answers. What each means to a caller is in `metrics.py` and `logs.py`."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FORBIDDEN = "forbidden"
    FAILED = "failed"
    EMPTY = "empty"
    STUCK = "stuck"


@dataclass(slots=True)
class Track(Generic[Spec]):
    """One metric or one kind of line of one emitter. episodes: (since, spec), oldest first. ended_at: no more after it.

    instance: None for a fleet's own.
    """

    instance: str | None
    born_at: datetime
    episodes: list[tuple[datetime, Spec]]
    ended_at: datetime | None = None

    @property
    def spec(self) -> Spec:
        """What holds now."""
        return self.episodes[-1][1]

    def change(self, now: datetime, changes: dict[str, object]) -> None:
        """From now on it is otherwise."""
        self.episodes.append((now, self.spec.model_copy(update={"starts_after_seconds": 0.0, **changes})))

    def moments(self, every_seconds: float, start: datetime, end: datetime) -> Iterator[datetime]:
        """The multiples of a step, counted from 1970, in [start, end) and in its life."""
        first = max(start, self.born_at).timestamp()
        last = min(end, self.ended_at or end).timestamp()
        number = -int(-first // every_seconds)
        while number * every_seconds < last:
            yield datetime.fromtimestamp(number * every_seconds, UTC)
            number += 1

    def at(self, moment: datetime) -> tuple[datetime, Spec]:
        """The episode that a moment lies in; before the first, the first."""
        return next((one for one in reversed(self.episodes) if one[0] <= moment), self.episodes[0])


@dataclass(frozen=True, slots=True)
class Line:
    """One log event. at: to the millisecond."""

    group: str
    stream: str
    at: datetime
    message: str


@dataclass(slots=True)
class Telemetry:
    """Read and changed only under the world's lock.

    lines: those that were emitted one by one. states: how each source (`metrics`, `logs`) answers.
    """

    scaling: WorldAutoScaling
    metrics: list[Track[MetricSpec]] = field(default_factory=list)
    logs: list[Track[LogSpec]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    states: dict[str, SourceState] = field(default_factory=dict)
    _known: dict[str, Member] = field(default_factory=dict)

    @property
    def conditions(self) -> Conditions:
        """What the driver knows."""
        return self.scaling.conditions

    def begin(self) -> None:
        """Let the seeded members emit, as they always have, and the fleets' own metrics exist."""
        now = self.conditions.time.now()
        for spec in self.conditions.fleet_metrics:
            self.metrics.append(Track(None, now - timedelta(days=90), [(now, spec)]))
        self.notice()

    def state(self, source: str) -> SourceState:
        """How a source answers now."""
        return self.states.get(source, SourceState.COMPLETE)

    def notice(self) -> None:
        """Let newcomers that have booted begin, and whoever runs no more end."""
        now = self.conditions.time.now()
        for group in self.scaling.groups:
            for member in group.members:
                if member.instance_id not in self._known and member.instance.state == "running":
                    self._known[member.instance_id] = member
                    self._start(group.name, member, now)
        for instance_id, member in list(self._known.items()):
            if member.instance.state != "running":
                del self._known[instance_id]
                self._end(instance_id, now)

    def change_metric(
        self, instance_id: str | None, name: str, dimensions: dict[str, str] | None, changes: dict[str, object]
    ) -> int:
        """A metric is otherwise from now on; without `dimensions`, under all of its dimensions. How many that were."""
        self.notice()
        found = [
            track
            for track in self.metrics
            if (track.instance, track.spec.name) == (instance_id, name) and dimensions in (None, track.spec.dimensions)
        ]
        for track in found:
            track.change(self.conditions.time.now(), changes)
        return len(found)

    def write_lines(self, instance_id: str, group: str | None, count: int, message: str, silent: bool | None) -> int:
        """Write lines a millisecond apart, up to now, and fall silent or not. To how many streams that was."""
        self.notice()
        now = self.conditions.time.now()
        found = [one for one in self.logs if one.instance == instance_id and group in (None, one.spec.group)]
        for group_name, stream in {(one.spec.group, one.spec.stream) for one in found}:
            named = stream.replace("{instance}", instance_id)
            moments = (now - timedelta(milliseconds=number) for number in range(count))
            self.lines += [Line(group_name, named, moment, message) for moment in moments]
        for track in found:
            if silent is not None:
                track.change(now, {"silent": silent})
        return len(found)

    def _end(self, instance_id: str, now: datetime) -> None:
        for metric in (one for one in self.metrics if one.instance == instance_id):
            metric.ended_at = now
        for log in (one for one in self.logs if one.instance == instance_id):
            log.ended_at = now

    def _start(self, group: str, member: Member, now: datetime) -> None:
        emits, nothing = self.conditions.emits, Emits()
        said = emits.get(group, nothing).but(emits.get(member.image_id, nothing))
        said = said.but(emits.get(member.instance_id, nothing))
        launched_at = member.instance.launch_time.replace(tzinfo=UTC)
        seeded = member.launching is None
        born_at = launched_at if seeded else member.in_service_at or now
        since = now if seeded else born_at
        self.metrics += [Track(member.instance_id, born_at, [(since, spec)]) for spec in said.metrics]
        self.logs += [Track(member.instance_id, born_at, [(since, spec)]) for spec in said.logs]
