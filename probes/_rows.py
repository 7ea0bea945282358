"""From a source's rows to one answer per instance: what may be believed, and why the rest may not.

A row is absent where a source has nothing to say, and that is not zero (law 2). It becomes zero only where the rule
says `missing: zero` and the rows of a second query prove, for the same instant, that the instance is alive in this
source.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from controller.domain.coverage import Readings
from controller.domain.model import Instance, Reading, Signal, Unknown
from controller.domain.policy import Missing
from controller.domain.ports import ProbeRequest
from probes._identity import NAMELESS, Matched, Row, match


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and how its answer is to be read.

    identity: the label that names instances. cut_off: why rows may be missing that the source has, if so.
    """

    query: str
    unit: str = ""
    period_seconds: float = 0.0
    lag_seconds: float = 0.0
    identity: str | None = None
    cut_off: str = ""


def per_instance(rows: Sequence[Row], life: Sequence[Row] | None, request: ProbeRequest, asked: Asked) -> Readings:
    """An answer for each instance asked about. life: rows that prove life; None when they were not asked for."""
    found = match(rows, request.instances, asked.identity)
    alive = match(life or (), request.instances, asked.identity)
    zero = request.condition.missing is Missing.ZERO and life is not None and not asked.cut_off
    answers = {
        instance.id: _answer(instance, found, alive if zero else None, request.at, asked)
        for instance in request.instances
    }
    return Readings(answers, found.rows.keys() | alive.rows.keys(), [*found.unmatched, *alive.unmatched])


def of_fleet(rows: Sequence[Row], request: ProbeRequest, asked: Asked) -> Signal | Unknown:
    """The one answer of a query that speaks of the fleet as a whole."""
    if len(rows) != 1:
        how_many = f"has {len(rows)} rows" if rows else "has no row"
        return Unknown(f"a query about the whole fleet must have one row, and this {how_many}", asked.query)
    return _signal(_until(rows[0].points, None, request.at), asked)


def _answer(instance: Instance, found: Matched, alive: Matched | None, at: datetime, asked: Asked) -> Signal | Unknown:
    unclear = found.unclear.get(instance.id) or (alive.unclear.get(instance.id) if alive else None)
    if unclear:
        return Unknown(unclear, asked.query)
    rows = found.rows.get(instance.id, [])
    points = _merged(rows)
    if points is None:
        return Unknown(f"{len(rows)} rows speak of it and contradict each other", asked.query)
    if alive is not None:
        zeros = dict.fromkeys(_proven(alive.rows.get(instance.id, [])), 0.0)
        points = {**zeros, **points}
    points = _until(points, instance.launched_at, at)
    return _signal(points, asked) if points else Unknown(_why_absent(found, alive, asked), asked.query)


def _merged(rows: Iterable[Row]) -> Mapping[datetime, float] | None:
    """The points of several rows together; None when two of them differ about one instant."""
    merged: dict[datetime, float] = {}
    for row in rows:
        for when, value in row.points.items():
            if when in merged and merged[when] != value:
                return None
            merged[when] = value
    return merged


def _proven(rows: Sequence[Row]) -> list[datetime]:
    """The instants at which every row that speaks of it says that it is alive: a number above zero."""
    instants = {when for row in rows for when in row.points}
    return [when for when in instants if all(_positive(row.points.get(when)) for row in rows if when in row.points)]


def _positive(value: float | None) -> bool:
    return value is not None and isfinite(value) and value > 0


def _until(points: Mapping[datetime, float], born_at: datetime | None, at: datetime) -> dict[datetime, float]:
    """Without what is later than the moment asked about, and without what is older than the instance: an address that
    was handed on brings its former owner's readings along."""
    return {when: value for when, value in points.items() if when <= at and (born_at is None or when >= born_at)}


def _signal(points: Mapping[datetime, float], asked: Asked) -> Signal | Unknown:
    if not points:
        return Unknown("the source has no reading of that time", asked.query)
    newest = points[max(points)]
    if not isfinite(newest):
        return Unknown(f"the newest reading is {newest}, which is no number", asked.query)
    readings = tuple(Reading(value, when) for when, value in sorted(points.items()) if isfinite(value))
    return Signal(readings, asked.query, asked.unit, asked.period_seconds, asked.lag_seconds)


def _why_absent(found: Matched, alive: Matched | None, asked: Asked) -> str:
    if asked.cut_off:
        return asked.cut_off
    strangers = [name for name in dict.fromkeys(found.unmatched) if name != NAMELESS]
    told = f"; nobody here is called {', '.join(strangers[:3])}" if strangers else ""
    told = told or ("; its rows name nobody" if found.unmatched else "")
    proof = ", nor a proof of life" if alive is not None else ""
    return f"the source has no row for it{proof}{told}"
