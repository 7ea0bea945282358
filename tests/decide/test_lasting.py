"""What was seen once and does not pass: a lasting breach stands through silence, restarts and zeros."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from controller.decide.judge import judge
from controller.decide.looks import Go, before_drain
from controller.decide.verify import verify
from controller.domain.memory import Memory
from controller.domain.model import Instance, Signal, Snapshot, Unknown
from controller.domain.policy import Above, Cause, Condition
from controller.domain.verdict import Evidence, EvidenceOutcome, Judgement
from tests.support.builders import DAY, NOW, group, instance, later, policy, replacement, signal, snapshot

EXEC = Condition("exec_seen", Cause.TAMPERED, "exec_seen", Above(0), options="except nothing", lasting=True)
FILES = replace(EXEC, name="filesystem_changed", probe="filesystem_changed", lasting=False)
GAP = Unknown("the stream of events broke", "events")
Heard = float | None


def heard(value: Heard, at_seconds: float) -> Signal | Unknown:
    if value is None:
        return GAP
    return replace(signal(value, later(at_seconds)), samples=("sh -c id",) if value else ())


def after(
    told: Sequence[tuple[float, Heard]], condition: Condition = EXEC, member: Instance | None = None
) -> tuple[Snapshot, Judgement]:
    """The last look and judgement of ticks at these seconds; None is a break of the stream."""
    memory, seen, judged = Memory(), None, None
    for seconds, value in told:
        signals = {("i-1", condition.name): heard(value, seconds)}
        seen = snapshot([member or instance()], now=later(seconds), signals=signals, memory=memory)
        judged = judge(seen, policy(condition))
        memory = judged.memory
    assert seen is not None
    assert judged is not None
    return seen, judged


def evidence(judged: Judgement) -> Evidence:
    (item,) = judged.verdicts["i-1"].evidence
    return item


@pytest.mark.parametrize(
    "then",
    [
        [(30, 0.0)],
        [(30, None)],
        [(30, None), (60, 0.0), (90, None)],
        [(86_400, 0.0)],
        [(3_600 * n, None) for n in range(1, 50)],
    ],
    ids=["zero", "silence", "silence and zero", "a day without a look", "two days of silence"],
)
def test_what_was_seen_once_stays_seen(then: list[tuple[float, Heard]]) -> None:
    _, judged = after([(0, 2.0), *then])
    item = evidence(judged)
    assert judged.verdicts["i-1"].kind == "tampered"
    assert (item.outcome, item.found, item.value) == (EvidenceOutcome.BREACHED, True, 2.0)
    assert item.measured_at == NOW
    assert item.samples == ("sh -c id",)
    assert item.reason.startswith("seen ")


def test_the_evidence_says_when_it_was_seen_and_what_is_read_now() -> None:
    assert evidence(after([(0, 2.0), (30, 0.0)])[1]).reason == (
        f"seen {NOW:%H:%M:%S} UTC; it does not pass, though it reads 0.0 now"
    )
    assert evidence(after([(0, 2.0), (30, None)])[1]).reason.endswith(
        "though it reads unknown (the stream of events broke) now"
    )
    assert evidence(after([(0, 2.0), (30, 2.0)])[1]).reason == ""


def test_it_lasts_from_the_first_time_on_whatever_lies_between() -> None:
    _, judged = after([(0, 1.0), (30, None), (7_200, 0.0), (7_230, 3.0)])
    item = evidence(judged)
    assert (item.value, item.breached_for_seconds) == (3.0, 7_230.0)


def test_what_is_not_lasting_is_as_it_reads_now() -> None:
    assert after([(0, 2.0), (30, 0.0)], FILES)[1].verdicts["i-1"].kind == "healthy"
    assert after([(0, 2.0), (30, 0.0)], FILES)[1].memory.seen == {}


def test_one_that_is_not_seen_is_not_remembered() -> None:
    _, judged = after([(0, 0.0), (30, None)])
    assert (judged.verdicts["i-1"].kind, judged.memory.seen) == ("healthy", {})


def test_a_condition_that_asks_for_something_else_is_read_anew() -> None:
    """Whoever excepts a command that was no tampering is not told of it for ever."""
    memory = after([(0, 2.0)])[1].memory
    other = replace(EXEC, options="except my-cron-check")
    seen = snapshot([instance()], now=later(30), signals={("i-1", EXEC.name): heard(0.0, 30)}, memory=memory)
    assert judge(seen, policy(EXEC)).verdicts["i-1"].kind == "tampered"
    assert judge(seen, policy(other)).verdicts["i-1"].kind == "healthy"


def test_it_is_of_that_instance_and_ends_with_it() -> None:
    memory = after([(0, 2.0)])[1].memory
    fresh = instance("i-2")
    seen = snapshot([fresh], now=later(30), signals={("i-2", EXEC.name): heard(0.0, 30)}, memory=memory)
    judged = judge(seen, policy(EXEC))
    assert judged.verdicts["i-2"].kind == "healthy"
    assert judged.memory.seen == {}


def test_the_last_look_before_the_drain_still_sees_it() -> None:
    """Else a restarted daemon would find the predecessor recovered, and keep it."""
    memory = after([(0, 2.0)])[1].memory
    members = [instance(), instance("i-new")]
    signals = {(member.id, EXEC.name): heard(0.0, 30) for member in members}
    seen = snapshot(members, [group(desired=1)], now=later(30), signals=signals, memory=memory)
    one = replacement(causes=(EXEC.name,))
    assert before_drain(seen, judge(seen, policy(EXEC)), one, policy(EXEC)) == Go()


@pytest.mark.parametrize(
    ("successor", "expected"), [(0.0, "improved"), (1.0, "same"), (None, "unproven")], ids=["as declared", "too", "gap"]
)
def test_a_successor_of_a_tampered_one_has_to_be_as_declared(successor: Heard, expected: str) -> None:
    members = [instance(), instance("i-new", launched_at=NOW)]
    signals = {("i-1", EXEC.name): heard(2.0, 60), ("i-new", EXEC.name): heard(successor, 60)}
    one = replacement(causes=(EXEC.name,), facts={"causes": [EXEC.name]})
    proof = verify(snapshot(members, now=later(60), signals=signals), one, policy(EXEC))
    assert proof.verification == expected
    assert proof.breached == ((EXEC.name,) if expected == "same" else ())


def test_a_successor_that_was_tampered_with_before_a_restart_is_not_as_declared() -> None:
    memory = after([(0, 2.0)])[1].memory
    memory = replace(memory, seen={("i-new", EXEC.name): memory.seen["i-1", EXEC.name]})
    members = [instance(), instance("i-new", launched_at=later(-30))]
    signals = {("i-1", EXEC.name): heard(0.0, 60), ("i-new", EXEC.name): heard(0.0, 60)}
    one = replacement(causes=(EXEC.name,), phase_since=later(-10))
    proof = verify(snapshot(members, now=later(60), signals=signals, memory=memory), one, policy(EXEC))
    assert proof.verification == "same"


def test_a_successor_that_is_tampered_with_is_worse_whatever_its_predecessor_was_replaced_for() -> None:
    aged = Condition("max_age", Cause.AGED, "instance_age", Above(5 * DAY.total_seconds()), unit="s")
    members = [instance(), instance("i-new", launched_at=NOW)]
    signals = {
        ("i-1", "max_age"): signal(9.0 * 86_400, later(60)),
        ("i-new", "max_age"): signal(60.0, later(60)),
        ("i-new", EXEC.name): heard(1.0, 60),
    }
    one = replacement(causes=("max_age",))
    proof = verify(snapshot(members, now=later(60), signals=signals), one, policy(aged, EXEC))
    assert proof.verification == "worse"
