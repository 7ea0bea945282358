"""One look at a fleet as a trace: where its time went. Best effort: these spans never see the journal, because a look
that nobody hears of has lost nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from controller.domain.laps import Lap
from controller.record import names
from controller.record.ids import span_id_of, tick_trace_id_of
from controller.record.limits import within_limits
from controller.record.spans import Span

AWS_SERVICES = frozenset({"autoscaling", "cloudwatch", "ec2", "elbv2", "logs", "secretsmanager", "ssm", "sts"})


@dataclass(frozen=True, slots=True)
class TickTrace:
    """What one tick came to and where its time went.

    owner: the daemon. sentence: of the tick. outcome: looked | standby | blocked | error. laps: its parts; dropped: how
    many more there were. counts: instances by verdict, refusals and the like.
    """

    fleet: str
    owner: str
    started_at: datetime
    ended_at: datetime
    sentence: str
    outcome: str
    laps: Sequence[Lap] = ()
    dropped: int = 0
    counts: Mapping[str, int] | None = None

    @property
    def key(self) -> str:
        """Unique for ever: a daemon begins one tick of a fleet at a time."""
        return "/".join(("tick", self.fleet, self.owner, self.started_at.astimezone(UTC).isoformat()))

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return tick_trace_id_of(self.key)


def tick_spans(tick: TickTrace) -> tuple[Span, ...]:
    """The root `tick <fleet>` and a child for every part, those within parts under them."""
    root = Span(
        key=tick.key,
        trace_id=tick.trace_id,
        span_id=span_id_of(f"{tick.key}/0"),
        parent_id=None,
        name=f"tick {tick.fleet}",
        start_at=tick.started_at,
        end_at=tick.ended_at,
        attributes=_about(tick),
        error=tick.sentence if tick.outcome == "error" else None,
    )
    numbers = {0} | {lap.number for lap in tick.laps}
    parts = (_part(tick, lap, numbers) for lap in tick.laps)
    return tuple(within_limits(span) for span in (root, *parts))


def _about(tick: TickTrace) -> dict[str, Any]:
    return {
        names.FLEET: tick.fleet,
        names.TICK_OUTCOME: tick.outcome,
        names.TICK_SENTENCE: tick.sentence,
        names.TICK_PARTS_CUT: tick.dropped or None,
        **{f"{names.TICK_COUNTS}{name}": count for name, count in (tick.counts or {}).items()},
    }


def _part(tick: TickTrace, lap: Lap, numbers: set[int]) -> Span:
    """A part whose own surrounding was cut hangs on the root."""
    return Span(
        key=f"{tick.key}/{lap.number}",
        trace_id=tick.trace_id,
        span_id=span_id_of(f"{tick.key}/{lap.number}"),
        parent_id=span_id_of(f"{tick.key}/{lap.within if lap.within in numbers else 0}"),
        name=lap.name,
        start_at=lap.started_at,
        end_at=lap.ended_at,
        is_call=lap.is_call,
        attributes={**_call(lap), **{f"repave.{name}": text for name, text in lap.facts.items()}},
        error=lap.error or None,
    )


def _call(lap: Lap) -> dict[str, Any]:
    failed = {names.ERROR_TYPE: lap.error} if lap.error else {}
    if not lap.is_call:
        return failed
    service, _, method = lap.name.partition(".")
    system = {names.RPC_SYSTEM: names.AWS_API} if service in AWS_SERVICES else {}
    return {**failed, **system, names.RPC_SERVICE: service, names.RPC_METHOD: method}
