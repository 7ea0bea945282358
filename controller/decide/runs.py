"""How long it has been so: unbroken runs of breached or unknown readings, by the source's own timestamps.

Where the source keeps history, a run is read from the readings anew at every tick, so that a restart forgets nothing.
Elsewhere it is what the last tick remembered, continued by this tick's reading.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, isfinite
from operator import attrgetter
from typing import NamedTuple

from controller.domain.memory import Streak, StreakKind
from controller.domain.model import Instance, Reading, Signal, Snapshot, Unknown
from controller.domain.policy import Cause, Condition, Policy

POINTS_NEEDED = 3
"""A span in which every reading breached says something only with at least this many readings."""

GAP_PERIODS = 2
"""Readings further apart than this many periods do not belong to one run: what lay between was not seen."""


@dataclass(frozen=True, slots=True)
class Run:
    """How one instance stands under one condition.

    streak: the run of breaches or silence that the present belongs to; None when the newest reading is fine. It may
    begin before the source's readings do, where earlier ticks saw it begin; what condemns is only proven_seconds and
    points: how far the readings themselves go. lacks: in words, why a breach is no finding (yet), or that a fine
    reading is one among bad ones.
    """

    streak: Streak | None
    proven_seconds: float = 0.0
    points: int = 0
    lacks: str = ""


BY_TIME = attrgetter("measured_at")


class Point(NamedTuple):
    """What a source says of one moment. Readings of one moment that contradict each other are no breach."""

    at: datetime
    breached: bool


def run_of(snapshot: Snapshot, policy: Policy, instance: Instance, condition: Condition) -> Run:
    """The run that the newest reading of this instance under this condition ends."""
    signal = snapshot.signal(instance.id, condition.name)
    if isinstance(signal, Unknown):
        return Run(_silence(snapshot, policy, (instance.id, condition.name)))
    back = points_back(signal.readings, condition)
    newest, warm_at = next(back), warm_at_of(instance, condition, policy)
    if not newest.breached:
        return Run(None, lacks=_among_bad_ones(signal, newest, back, condition))
    if warm_at is not None and newest.at < warm_at:
        yet = Streak(StreakKind.BREACHED, warm_at, warm_at, 0)
        return Run(yet, lacks=f"measured before {_time(warm_at)}, while it warms up")
    before = _remembered(snapshot, instance, condition)
    if not condition.history:
        gap_seconds = inf if condition.lasting else GAP_PERIODS * max(policy.tick_seconds, signal.period_seconds)
        streak = _continued(before, newest.at, gap_seconds)
        proven_seconds = (streak.last_at - streak.since).total_seconds()
        return Run(streak, proven_seconds, streak.points, _lacks(condition, proven_seconds, streak.points, ""))
    gap_seconds = GAP_PERIODS * (signal.period_seconds or policy.tick_seconds)
    return _read_back(condition, newest, back, gap_seconds, warm_at, before)


def run_of_fleet(signal: Signal, condition: Condition, policy: Policy) -> Run:
    """The same of a reading of the whole fleet, read back as far as its source tells."""
    back = points_back(signal.readings, condition)
    newest = next(back)
    if not newest.breached:
        return Run(None, lacks=_among_bad_ones(signal, newest, back, condition))
    gap_seconds = GAP_PERIODS * (signal.period_seconds or policy.tick_seconds)
    return _read_back(condition, newest, back, gap_seconds, None, None)


def long_enough(condition: Condition, run: Run) -> bool:
    """Whether a breach is a finding: the readings prove it for the whole of the condition's `for`."""
    if not condition.for_seconds:
        return run.points > 0
    return run.proven_seconds >= condition.for_seconds and run.points >= POINTS_NEEDED


def warm_at_of(instance: Instance, condition: Condition, policy: Policy) -> datetime | None:
    """From when on what is measured of an instance counts; None when all does.

    How a newborn performs says nothing while it warms up. What it is (its image, its template, that somebody changed
    it) is true from the first moment.
    """
    if instance.launched_at is None or condition.cause is not Cause.DEGRADED:
        return None
    return instance.launched_at + timedelta(seconds=policy.warm_up_seconds)


def points_back(readings: Iterable[Reading], condition: Condition) -> Iterator[Point]:
    """One point per moment, newest first, each made when it is asked for."""
    at, breached = None, True
    for reading in sorted(readings, key=BY_TIME, reverse=True):
        if at is not None and reading.measured_at != at:
            yield Point(at, breached)
            breached = True
        at = reading.measured_at
        breached = breached and bad(reading.value, condition)
    if at is not None:
        yield Point(at, breached)


def bad(value: float | str, condition: Condition) -> bool:
    """Whether a value breaches; what is no number (NaN, infinite) never does."""
    return condition.threshold.breached(value) and (isinstance(value, str) or isfinite(value))


def _read_back(
    condition: Condition,
    newest: Point,
    back: Iterator[Point],
    gap_seconds: float,
    warm_at: datetime | None,
    before: Streak | None,
) -> Run:
    """From the newest point back, as far as each breached, was near enough to the next, and was warm."""
    first, count, broken_by, gap = newest.at, 1, "", timedelta(seconds=gap_seconds)
    for point in back:
        if not point.breached:
            broken_by = f"fine at {_time(point.at)}"
        elif warm_at is not None and point.at < warm_at:
            broken_by = f"warming up until {_time(warm_at)}"
        elif first - point.at > gap:
            broken_by = f"nothing measured between {_time(point.at)} and {_time(first)}"
        if broken_by:
            break
        first, count = point.at, count + 1
    proven_seconds = (newest.at - first).total_seconds()
    since = first
    if not broken_by and before and before.since < first and (first - before.last_at).total_seconds() <= gap_seconds:
        since = before.since
    streak = Streak(StreakKind.BREACHED, since, newest.at, count)
    return Run(streak, proven_seconds, count, _lacks(condition, proven_seconds, count, broken_by))


def _remembered(snapshot: Snapshot, instance: Instance, condition: Condition) -> Streak | None:
    """The breaches that the last tick left; those of a warm-up (no points) are not among them."""
    before = snapshot.memory.streaks.get((instance.id, condition.name))
    return before if before and before.kind is StreakKind.BREACHED and before.points else None


def _continued(before: Streak | None, at: datetime, gap_seconds: float) -> Streak:
    if before is None or (at - before.last_at).total_seconds() > gap_seconds:
        return Streak(StreakKind.BREACHED, at, at)
    points = before.points + (1 if at > before.last_at else 0)
    return Streak(StreakKind.BREACHED, before.since, max(at, before.last_at), points)


def _silence(snapshot: Snapshot, policy: Policy, key: tuple[str, str]) -> Streak:
    """Since when nothing usable has come: since the newest reading went stale, or as long as ticks have seen none."""
    since, points = snapshot.now, 1
    said = snapshot.signals.get(key)
    if isinstance(said, Signal) and said.stale_at is not None:
        since = min(since, said.stale_at)
    before = snapshot.memory.streaks.get(key)
    if before and before.kind is StreakKind.UNKNOWN:
        unwatched_seconds = (snapshot.now - before.last_at).total_seconds()
        if unwatched_seconds <= GAP_PERIODS * policy.tick_seconds:
            since, points = min(since, before.since), before.points + (snapshot.now > before.last_at)
    return Streak(StreakKind.UNKNOWN, since, snapshot.now, points)


def _lacks(condition: Condition, proven_seconds: float, points: int, broken_by: str) -> str:
    if not condition.for_seconds:
        return ""
    missing = []
    if proven_seconds < condition.for_seconds:
        missing.append(f"breached for {proven_seconds:g} of {condition.for_seconds:g} s")
    if points < POINTS_NEEDED:
        missing.append(f"{points} of at least {POINTS_NEEDED} readings")
    return "; ".join([*missing, broken_by] if broken_by else missing) if missing else ""


def _among_bad_ones(signal: Signal, newest: Point, back: Iterator[Point], condition: Condition) -> str:
    """Says of a value that goes to and fro how often it breached within the condition's span, though it is fine now."""
    breached = condition.threshold.breached
    if not any(breached(reading.value) for reading in signal.readings):
        return ""
    since = newest.at - timedelta(seconds=max(condition.for_seconds, condition.within_seconds))
    count, breaches = 1, 0
    for point in back:
        if point.at < since:
            break
        count, breaches = count + 1, breaches + point.breached
    return f"fine now; {breaches} of the last {count} readings breached" if breaches else ""


def _time(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"
