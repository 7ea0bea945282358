"""`for` over a source that keeps history: what its readings prove, by its own timestamps, and nothing remembered."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.decide.runs import Point, points_back
from controller.domain.memory import Memory, Streak, StreakKind
from controller.domain.model import Instance, Reading, Signal, Snapshot, Unknown
from controller.domain.policy import Above, AtLeast, Below, Cause, Condition
from controller.domain.verdict import Judgement
from tests.simulation.daemon import RULES
from tests.support.builders import IMAGE_AGE, instance, later, policy, signal, snapshot

DISK = Condition("disk", Cause.DEGRADED, "metrics", Above(90.0), unit="%", for_seconds=300, history=True)
Values = Sequence[float | str | None]


def told(values: Values, first_at: float = 0.0, lag_seconds: float = 0.0) -> Signal:
    """One value a minute; None is a minute without one."""
    readings = [
        Reading(value, later(first_at + 60 * minute)) for minute, value in enumerate(values) if value is not None
    ]
    return Signal(tuple(readings), "disk used", "%", period_seconds=60.0, lag_seconds=lag_seconds)


def looked(
    known: Signal | Unknown,
    at: float | None = None,
    by: Condition = DISK,
    memory: Memory | None = None,
    member: Instance | None = None,
) -> Judgement:
    """Judged at this second, or when the newest reading was measured."""
    now = later(at) if at is not None else known.latest.measured_at if isinstance(known, Signal) else later(0)
    seen = snapshot([member or instance()], now=now, signals={("i-1", by.name): known}, memory=memory or Memory())
    return judge(seen, policy(by))


def kind(judged: Judgement) -> str:
    return judged.verdicts["i-1"].kind.value


def reason(judged: Judgement) -> str:
    (item,) = judged.verdicts["i-1"].evidence
    return item.reason


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        ([95] * 6, "degraded", ""),
        ([95] * 5, "healthy", "breached for 240 of 300 s"),
        ([95], "healthy", "breached for 0 of 300 s; 1 of at least 3 readings"),
        ([95, 95, 10, 95, 95, 95, 95], "healthy", "breached for 180 of 300 s; fine at 12:02:00 UTC"),
        ([95, 10, 95, 10, 95, 10, 95, 10, 95], "healthy", "breached for 0 of 300 s; 1 of at least 3 readings; "),
        ([95, 95, 95, 95, 95, 95, 10], "healthy", "fine now; 5 of the last 6 readings breached"),
        ([95, None, 95, None, 95, None, 95], "degraded", ""),
        ([95, None, None, 95, 95, 95, 95], "healthy", "nothing measured between 12:00:00 UTC and 12:03:00 UTC"),
        ([10, 10, 10, 10, 10, 10], "healthy", ""),
        ([95, 95, 95, float("nan"), 95, 95, 95], "healthy", "breached for 120 of 300 s; fine at 12:03:00 UTC"),
        ([95, 95, 95, float("inf"), 95, 95, 95], "healthy", "breached for 120 of 300 s; fine at 12:03:00 UTC"),
    ],
    ids=[
        "every reading over the whole span",
        "a minute too short",
        "one reading",
        "one fine reading within the span",
        "to and fro around the threshold",
        "bad for long, and fine now",
        "every other reading lost: a gap of two periods is borne",
        "a longer gap breaks the run",
        "fine",
        "what is no number is no breach",
        "nor is what is endless",
    ],
)
def test_for_is_read_from_the_source(values: Values, expected: str, why: str) -> None:
    judged = looked(told(values))
    assert kind(judged) == expected
    assert why in reason(judged)
    assert why or not reason(judged)


def test_a_span_says_something_only_with_three_readings() -> None:
    slow = replace(told([95, 95]), period_seconds=60.0)
    assert kind(looked(slow, by=replace(DISK, for_seconds=60))) == "healthy"
    assert kind(looked(told([95, 95, 95]), by=replace(DISK, for_seconds=60))) == "degraded"


def test_a_restart_forgets_nothing() -> None:
    """The same readings condemn at the first look as at the hundredth."""
    assert kind(looked(told([95] * 6), memory=Memory())) == "degraded"


def test_what_was_remembered_condemns_nobody_but_tells_when_it_began() -> None:
    long_ago = Memory({("i-1", "disk"): Streak(StreakKind.BREACHED, later(-3600), later(-60), 60)})
    short = looked(told([95, 95, 95]), memory=long_ago)
    (item,) = short.verdicts["i-1"].evidence
    assert (kind(short), item.breached_for_seconds) == ("healthy", 3720.0)
    assert item.reason == "breached for 120 of 300 s"
    apart = Memory({("i-1", "disk"): Streak(StreakKind.BREACHED, later(-3600), later(-121), 60)})
    (item,) = looked(told([95, 95, 95]), memory=apart).verdicts["i-1"].evidence
    assert item.breached_for_seconds == 120.0


def test_two_answers_for_one_moment_that_differ_are_no_breach() -> None:
    twice = told([95] * 6)
    twice = replace(twice, readings=(*twice.readings, Reading(10.0, later(300)), Reading(95.0, later(300))))
    assert kind(looked(twice)) == "healthy"


def test_without_for_the_newest_alone_counts() -> None:
    at_once = replace(DISK, for_seconds=0.0)
    assert kind(looked(told([10, 10, 95]), by=at_once)) == "degraded"
    assert kind(looked(told([95, 95, 10]), by=at_once)) == "healthy"


@pytest.mark.parametrize(
    ("threshold", "value", "expected"),
    [
        (Above(90), 90.0, "healthy"),
        (Above(90), 90.1, "degraded"),
        (Below(90), 90.0, "healthy"),
        (Below(90), 89.9, "degraded"),
        (AtLeast(3), 2.0, "healthy"),
        (AtLeast(3), 3.0, "degraded"),
        (Below(90), float("-inf"), "healthy"),
    ],
)
def test_above_below_and_at_least(threshold: Above | Below | AtLeast, value: float, expected: str) -> None:
    by = replace(DISK, threshold=threshold)
    assert kind(looked(told([value] * 6), by=by)) == expected


# Stale


def test_a_reading_older_than_two_periods_and_the_lag_says_nothing() -> None:
    late = told([95] * 6, lag_seconds=90)
    assert kind(looked(late, at=300 + 210)) == "degraded"
    judged = looked(late, at=300 + 211)
    assert kind(judged) == "healthy"
    assert reason(judged) == ("stale: the newest reading is 211 s old, more than two periods of 60 s and a lag of 90 s")


def test_a_source_that_answers_with_the_present_state_is_never_stale() -> None:
    assert (
        kind(looked(signal(95.0, later(0)), at=86400, by=replace(DISK, for_seconds=0.0, history=False))) == "degraded"
    )


@pytest.mark.parametrize(("at", "expected"), [(300 + 120 + 599, "healthy"), (300 + 120 + 600, "blind")])
def test_blind_is_counted_from_when_the_source_went_quiet_not_from_when_we_looked(at: float, expected: str) -> None:
    assert kind(looked(told([10] * 6), at=at)) == expected


def test_readings_that_fell_out_of_the_span_do_not_end_a_silence() -> None:
    stale = looked(told([10] * 6), at=700)
    nothing = looked(Unknown("no data"), at=730, memory=stale.memory)
    assert nothing.memory.streaks["i-1", "disk"].since == later(420)


# Warm-up


def born(seconds: float) -> Instance:
    return instance(launched_at=later(seconds))


def test_what_was_measured_while_it_warmed_up_does_not_condemn_it() -> None:
    """The policy's warm-up lasts 300 s."""
    assert kind(looked(told([95] * 7), member=born(-240))) == "degraded"
    judged = looked(told([95] * 7), member=born(-180))
    assert (kind(judged), reason(judged)) == ("healthy", "breached for 240 of 300 s; warming up until 12:02:00 UTC")
    judged = looked(told([95] * 3), member=born(0))
    assert reason(judged) == "measured before 12:05:00 UTC, while it warms up"


def test_nor_does_it_where_the_source_keeps_no_history() -> None:
    by, memory = replace(DISK, for_seconds=60.0, history=False), Memory()
    for at, expected in ((270, "healthy"), (299, "healthy"), (329, "healthy"), (359, "healthy"), (389, "degraded")):
        judged = looked(signal(95.0, later(at)), at=at, by=by, memory=memory, member=born(0))
        assert kind(judged) == expected, at
        memory = judged.memory


def test_what_an_instance_is_needs_no_warming_up() -> None:
    old = signal(90 * 86400.0, later(10))
    assert kind(looked(old, at=10, by=IMAGE_AGE, member=born(0))) == "aged"


# Without history: a source slower than the tick


def test_a_slow_source_without_history_is_borne_with_its_own_period() -> None:
    by, memory = replace(DISK, for_seconds=600.0, history=False), Memory()
    for tick in range(21):
        measured = later(300 * (30 * tick // 300))
        slow = Signal((Reading(95.0, measured),), "q", "%", period_seconds=300.0)
        judged = looked(slow, at=30.0 * tick, by=by, memory=memory)
        assert kind(judged) == ("degraded" if tick >= 20 else "healthy"), tick
        memory = judged.memory


# When to look again


def next_look(judged: Judgement, at: float, member: Instance | None = None) -> float:
    known = told([95] * 5)
    seen = snapshot([member or instance()], now=later(at), signals={("i-1", "disk"): known})
    by = policy(replace(DISK, for_seconds=0.0) if member else DISK, tick_seconds=120.0)
    return (plan(seen, judged, by, RULES).next_look_at - later(0)).total_seconds()


def test_the_next_look_is_when_the_missing_reading_is_due() -> None:
    assert next_look(looked(told([95] * 5), at=270), 270) == 330.0


def test_or_when_its_warm_up_ends() -> None:
    young = born(0)
    judged = looked(told([95] * 5), at=240, by=replace(DISK, for_seconds=0.0), member=young)
    assert next_look(judged, 240, young) == 300.0


# Whatever the readings

VALUES = st.lists(st.sampled_from([10.0, 95.0, None, float("nan")]), min_size=1, max_size=20).filter(
    lambda values: any(value is not None for value in values)
)
LOOKS = st.integers(0, 400)


@given(VALUES, LOOKS)
def test_a_value_that_never_breached_for_the_whole_span_is_never_a_finding(values: Values, late: int) -> None:
    judged = looked(told(values), at=60.0 * (len(values) - 1) + late)
    if kind(judged) == "degraded":
        newest = max(minute for minute, value in enumerate(values) if value is not None)
        assert all(value in (95.0, None) for value in values[newest - 5 : newest + 1])
        assert len(values[: newest + 1]) >= 6


@given(VALUES, LOOKS, st.data())
def test_losing_a_reading_that_breached_never_makes_a_finding(values: Values, late: int, data: st.DataObject) -> None:
    at = 60.0 * (len(values) - 1) + late
    lost = data.draw(st.integers(0, len(values) - 1))
    left = [None if place == lost and value == 95.0 else value for place, value in enumerate(values)]
    if any(value is not None for value in left) and kind(looked(told(left), at=at)) == "degraded":
        assert kind(looked(told(values), at=at)) == "degraded"


@given(st.integers(15, 17), st.integers(2, 4))
def test_a_gap_within_the_span_never_condemns(first: int, lost: int) -> None:
    """Twenty minutes of breaches, minute 19 the newest, of which neighbouring ones within the last five are lost."""
    left = [None if first <= minute < min(first + lost, 19) else 95.0 for minute in range(20)]
    assert kind(looked(told(left))) == "healthy"


@given(VALUES, LOOKS)
def test_a_fine_reading_at_the_end_acquits(values: Values, late: int) -> None:
    assert kind(looked(told([*values, 10.0]), at=60.0 * len(values) + late)) in ("healthy", "blind")


@given(VALUES, st.integers(0, 4000))
def test_the_order_in_which_a_source_tells_does_not_matter(values: Values, at: int) -> None:
    known = told(values)
    newest, *others = reversed(known.readings)
    shuffled = replace(known, readings=(*others, newest))
    assert kind(looked(shuffled, at=at)) == kind(looked(known, at=at))


@given(st.lists(st.sampled_from([1.0, None]), min_size=1, max_size=30), st.booleans())
def test_an_unknown_never_makes_a_candidate(values: Values, history: bool) -> None:
    """Whatever came before it: at the look that sees nothing, nothing is found, and nothing starts."""
    by, memory = replace(DISK, threshold=Above(0.5), history=history), Memory()
    for tick, value in enumerate(values):
        known = signal(value, later(30 * tick)) if value is not None else Unknown("no row")
        judged = looked(known, at=30.0 * tick, by=by, memory=memory)
        memory = judged.memory
    nothing = Unknown("no row")
    judged = looked(nothing, at=30.0 * len(values), by=by, memory=memory)
    seen = snapshot([instance()], now=later(30.0 * len(values)), signals={("i-1", "disk"): nothing})
    assert kind(judged) in ("healthy", "blind")
    assert plan(seen, judged, policy(by), ()).starts == ()


def test_a_source_without_history_is_not_read_back() -> None:
    """Its readings may be of anything: only the newest counts, tick by tick."""
    seen: Snapshot = snapshot([instance()], now=later(300), signals={("i-1", "disk"): told([95] * 6)})
    assert judge(seen, policy(replace(DISK, history=False))).verdicts["i-1"].kind == "healthy"


# Walked back, one point at a time


@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from([10.0, 95.0, float("nan"), "odd"])), max_size=20))
def test_points_are_those_of_every_moment_newest_first(said: list[tuple[int, float | str]]) -> None:
    """Whatever order they come in: a moment breaches only where all that is said of it does."""
    readings = [Reading(value, later(second)) for second, value in said]
    expected = [
        Point(later(second), all(value == 95.0 for at, value in said if at == second))
        for second in sorted({at for at, _ in said}, reverse=True)
    ]
    assert list(points_back(readings, DISK)) == expected
