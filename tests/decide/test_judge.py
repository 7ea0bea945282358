"""From readings to verdicts: what condemns, what is blind, and what the next tick has to remember."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from controller.decide.judge import judge, warming_up
from controller.domain.memory import Memory, Streak, StreakKind
from controller.domain.model import Instance, Signal, Unknown
from controller.domain.policy import AnyOf, Below, Cause, Condition, Policy
from controller.domain.verdict import EvidenceOutcome, Judgement
from tests.support.builders import ERRORS, IMAGE_AGE, group, instance, instances, later, policy, signal, snapshot

NO_ROW = Unknown("no row", "how many errors")
DISK = Condition("disk", Cause.TAMPERED, "disk", Below(10.0))
Heard = float | str | None


def heard(value: Heard, at_seconds: float, lag_seconds: float) -> Signal | Unknown:
    return NO_ROW if value is None else signal(value, later(at_seconds - lag_seconds))


def after(
    told: Sequence[tuple[float, Heard]],
    by: Policy | None = None,
    member: Instance | None = None,
    lag_seconds: float = 0.0,
) -> Judgement:
    """The last judgement of ticks at these seconds, at which `errors` of i-1 was this; None is no row."""
    memory, judged = Memory(), None
    for seconds, value in told:
        signals = {("i-1", "errors"): heard(value, seconds, lag_seconds)}
        seen = snapshot([member or instance()], now=later(seconds), signals=signals, memory=memory)
        judged = judge(seen, by or policy(ERRORS))
        memory = judged.memory
    assert judged is not None
    return judged


def every(seconds: float, count: int, value: Heard = 1.0) -> list[tuple[float, Heard]]:
    return [(seconds * number, value) for number in range(count)]


def kind(judged: Judgement) -> str:
    return judged.verdicts["i-1"].kind.value


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (every(30, 3), "degraded"),
        (every(30, 2), "healthy"),
        (every(60, 2), "healthy"),
        (every(20, 3), "healthy"),
        (every(20, 4), "degraded"),
        ([(0, 1.0), (30, 0.0), (60, 1.0), (90, 1.0)], "healthy"),
        ([(0, 1.0), (30, None), (60, 1.0), (90, 1.0)], "healthy"),
        ([(0, 1.0), (30, 1.0), (90, 1.0)], "degraded"),
        ([(0, 1.0), (30, 1.0), (91, 1.0)], "healthy"),
        ([*every(30, 3), (90, 0.0)], "healthy"),
        ([*every(30, 3), (90, None)], "healthy"),
    ],
    ids=[
        "three points over the whole span",
        "two points are too few",
        "two points over the whole span are too few",
        "three points over a part of the span",
        "four points over the whole span",
        "one good reading breaks the run",
        "one missing reading breaks the run",
        "a gap of two ticks is borne",
        "a longer gap breaks the run",
        "a good reading ends it",
        "a missing reading ends it",
    ],
)
def test_for_means_an_unbroken_run_over_the_whole_span(told: list[tuple[float, Heard]], expected: str) -> None:
    assert kind(after(told)) == expected


def test_without_for_the_latest_reading_alone_counts() -> None:
    at_once = replace(ERRORS, for_seconds=0.0)
    assert kind(after([(0, 1.0)], policy(at_once))) == "degraded"


def test_the_same_reading_seen_again_is_no_new_point() -> None:
    """A source that measures every 5 minutes gives ten ticks the same reading."""
    memory = Memory()
    for tick in range(10):
        signals = {("i-1", "errors"): signal(1.0, later(0))}
        judged = judge(snapshot([instance()], now=later(30 * tick), signals=signals, memory=memory), policy(ERRORS))
        memory = judged.memory
    assert memory.streaks == {("i-1", "errors"): Streak(StreakKind.BREACHED, later(0), later(0), 1)}


def test_time_is_the_sources_own() -> None:
    """Readings that come a minute late last as long as they were measured, not as long as we looked."""
    (item,) = after(every(30, 4), lag_seconds=60).verdicts["i-1"].evidence
    assert (item.breached_for_seconds, item.measured_at) == (90.0, later(30))


def test_evidence_carries_its_numbers() -> None:
    (item,) = after(every(30, 3)).verdicts["i-1"].evidence
    assert (item.rule, item.probe, item.cause, item.outcome) == ("errors", "errors", "degraded", "breached")
    assert (item.value, item.unit, item.threshold, item.for_seconds) == (1.0, "%", "above 0.5", 60)
    assert (item.breached_for_seconds, item.query, item.measured_at) == (60.0, "how many errors", later(60))
    assert item.found


def test_a_breach_that_has_not_lasted_is_evidence_but_no_finding() -> None:
    (item,) = after(every(30, 2)).verdicts["i-1"].evidence
    assert (item.outcome, item.found, item.breached_for_seconds) == (EvidenceOutcome.BREACHED, False, 30.0)


def test_evidence_of_what_was_not_seen_says_why() -> None:
    (item,) = after([(0, None)]).verdicts["i-1"].evidence
    assert (item.outcome, item.value, item.measured_at) == (EvidenceOutcome.UNKNOWN, None, None)
    assert (item.reason, item.query) == ("no row", "how many errors")


@pytest.mark.parametrize(("ticks", "expected"), [(20, "healthy"), (21, "blind")])
def test_blind_is_unknown_for_the_whole_of_blind_after(ticks: int, expected: str) -> None:
    assert kind(after(every(30, ticks, None))) == expected


def test_one_reading_ends_blindness_and_its_count() -> None:
    told = [*every(30, 21, None), (630.0, 0.0), (660.0, None)]
    assert kind(after(told)) == "healthy"


def test_a_daemon_that_was_away_counts_blindness_anew() -> None:
    assert kind(after([(0, None), (3600, None)])) == "healthy"


def test_what_warms_up_is_not_called_blind() -> None:
    young = instance(launched_at=later(0))
    patient = policy(ERRORS, warm_up_seconds=900.0)
    assert kind(after(every(30, 25, None), patient, young)) == "healthy"
    assert kind(after(every(30, 31, None), patient, young)) == "blind"
    assert kind(after(every(30, 25, None), patient, instance(launched_at=None))) == "blind"


def test_warming_up_ends_at_its_time() -> None:
    young, by = instance(launched_at=later(0)), policy(warm_up_seconds=300.0)
    assert warming_up(young, snapshot(now=later(299)), by)
    assert not warming_up(young, snapshot(now=later(300)), by)


def test_a_breach_counts_whatever_the_others_lack() -> None:
    memory = Memory({("i-1", "errors"): Streak(StreakKind.UNKNOWN, later(-3600), later(-30), 120)})
    signals = {("i-1", "errors"): NO_ROW, ("i-1", "max_image_age"): signal(90 * 86400.0)}
    judged = judge(snapshot([instance()], signals=signals, memory=memory), policy())
    assert kind(judged) == "aged"
    assert [item.outcome.value for item in judged.verdicts["i-1"].evidence] == ["unknown", "breached"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1.0, 90 * 86400.0, 5.0), "tampered"),
        ((1.0, 90 * 86400.0, 50.0), "degraded"),
        ((0.0, 90 * 86400.0, 50.0), "aged"),
        ((0.0, 86400.0, 50.0), "healthy"),
    ],
)
def test_the_verdict_is_the_worst_of_the_findings(values: tuple[float, float, float], expected: str) -> None:
    by = policy(replace(ERRORS, for_seconds=0.0), IMAGE_AGE, DISK)
    signals = {("i-1", item.name): signal(value) for item, value in zip(by.conditions, values, strict=True)}
    assert kind(judge(snapshot([instance()], signals=signals), by)) == expected


def test_every_finding_is_kept_beside_the_worst() -> None:
    signals = {("i-1", "errors"): signal(1.0), ("i-1", "max_image_age"): signal(90 * 86400.0)}
    judged = judge(snapshot([instance()], signals=signals), policy(replace(ERRORS, for_seconds=0.0), IMAGE_AGE))
    assert [item.rule for item in judged.verdicts["i-1"].findings] == ["errors", "max_image_age"]


def test_states_in_words_can_breach() -> None:
    status = Condition("status", Cause.DEGRADED, "ec2_status", AnyOf(("impaired",)))
    assert kind(after([(0, None)], policy(status))) == "healthy"
    signals = {("i-1", "status"): signal("impaired"), ("i-2", "status"): signal("ok")}
    judged = judge(snapshot(instances(2), signals=signals), policy(status))
    assert [item.kind.value for item in judged.verdicts.values()] == ["degraded", "healthy"]


def test_a_number_that_is_none_is_not_seen() -> None:
    signals = {("i-1", "errors"): signal(float("nan"))}
    (item,) = judge(snapshot([instance()], signals=signals), policy(ERRORS)).verdicts["i-1"].evidence
    assert (item.outcome, item.value, item.reason) == (EvidenceOutcome.UNKNOWN, None, "nan is not a number")


def test_every_member_has_a_verdict() -> None:
    judged = judge(snapshot(instances(3)), policy())
    assert sorted(judged.verdicts) == ["i-1", "i-2", "i-3"]


def test_who_left_is_forgotten() -> None:
    gone = Streak(StreakKind.BREACHED, later(-60), later(-30), 2)
    judged = judge(snapshot([instance()], memory=Memory({("i-9", "errors"): gone})), policy(ERRORS))
    assert list(judged.memory.streaks) == [("i-1", "errors")]
    assert judged.memory.written_at == later(0)


def trouble(desired: int, before: int | None = None, value: float = 1.0) -> int | None:
    signals = {("i-1", "errors"): signal(value)}
    seen = snapshot(
        [instance()], [group(desired=desired)], signals=signals, memory=Memory(desired_before_trouble=before)
    )
    return judge(seen, policy(replace(ERRORS, for_seconds=0.0))).memory.desired_before_trouble


def test_what_was_desired_when_trouble_began_is_remembered_until_it_ends() -> None:
    assert trouble(6) == 6
    assert trouble(2, before=6) == 6
    assert trouble(2, before=6, value=0.0) is None


def test_age_is_no_trouble() -> None:
    signals = {("i-1", "max_image_age"): signal(90 * 86400.0)}
    assert judge(snapshot([instance()], signals=signals), policy(IMAGE_AGE)).memory.desired_before_trouble is None


@pytest.mark.parametrize(("value", "shown"), [(7.0, ("a line",)), (0.0, ())])
def test_what_was_counted_is_evidence_where_it_condemns(value: float, shown: tuple[str, ...]) -> None:
    counted = replace(signal(value), samples=("a line",))
    judged = judge(snapshot([instance()], signals={("i-1", "errors"): counted}), policy(ERRORS))
    (evidence,) = judged.verdicts["i-1"].evidence
    assert evidence.samples == shown
