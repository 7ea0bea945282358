"""What a replacement under way waits for, told in every phase."""

from dataclasses import replace
from typing import Any

import pytest

from controller.decide.explain import explain
from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.decide.rules import capacity_floor
from controller.decide.waits import pending
from controller.domain.lifecycle import Phase, Step
from controller.domain.model import InstanceState, Target
from controller.domain.replacement import Call, Replacement
from controller.domain.verdict import Pending
from tests.simulation.daemon import RULES
from tests.support.builders import (
    ERRORS,
    IMAGE_AGE,
    NOW,
    all_fine,
    evidence,
    group,
    instance,
    instances,
    judgement,
    later,
    policy,
    signal,
    snapshot,
    verdict,
)
from tests.support.builders import replacement as built

FLEET = (*instances(6), instance("i-new"))
BY = policy(replace(ERRORS, for_seconds=0.0), IMAGE_AGE)


def told(state: Replacement, *changed: Any, rules: Any = (), now: float = 0.0, **seen: Any) -> Pending:
    members = {member.id: member for member in (*FLEET, *changed)}.values()
    readings = all_fine(members, i_1=signal(9.0))
    whole = snapshot(members, [group(desired=7)], signals=readings, open_replacements=(state,), now=later(now), **seen)
    judged = judgement(members, verdict("i-1", evidence()))
    return pending(state, whole, judged, BY, rules)


def at(phase: Phase, **changed: Any) -> Replacement:
    return built("r-7", phase, **changed)


def called(step: Step) -> tuple[Call, ...]:
    return (Call(step, 0, "world.Do", {}, NOW, "ok"),)


@pytest.mark.parametrize(
    ("state", "sentence", "ends_after"),
    [
        (at(Phase.ACCEPTED), "the platform brings up a newcomer", None),
        (at(Phase.LAUNCHING), "the platform brings up a newcomer", 300),
        (at(Phase.AWAITING_READY), "i-new has to be in service and healthy in every balancer", 600),
        (at(Phase.READY), "i-new is ready and has to prove itself", None),
        (at(Phase.VERIFIED, verification="improved"), "i-1 leaves its balancers, and its connections may end", None),
        (at(Phase.DRAINING, calls=called(Step.DRAIN)), "i-1 leaves its balancers, and its connections may end", 300),
        (at(Phase.DRAINED), "the platform ends i-1", None),
        (at(Phase.TERMINATING, calls=called(Step.TERMINATE)), "the platform ends i-1", 300),
        (
            at(Phase.UNDOING, failure={"reason": "no better"}),
            "it is being undone: i-new goes, and i-1 stays (no better)",
            900,
        ),
    ],
    ids=lambda value: value.phase.value if isinstance(value, Replacement) else "",
)
def test_every_phase_says_what_it_waits_for_and_until_when(
    state: Replacement, sentence: str, ends_after: float | None
) -> None:
    found = told(state)
    assert found.sentence == sentence
    assert found.ends_at == (None if ends_after is None else later(ends_after))
    assert (found.replacement_id, found.predecessor, found.vetoes) == ("r-7", "i-1", ())


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.CLOSED])
def test_no_phase_is_left_without_words(phase: Phase) -> None:
    for members in (FLEET, FLEET[:-1], ()):
        whole = snapshot(members, open_replacements=(at(phase),))
        decided = plan(whole, judge(whole, BY), BY, RULES)
        assert decided.pending[0].sentence


def test_a_successor_that_is_not_ready_is_told_with_what_is_seen_of_it() -> None:
    state = at(Phase.AWAITING_READY)
    pending_one = instance("i-new", state=InstanceState.PENDING)
    assert told(state, pending_one).sentence.endswith("; it is pending")
    initial = instance("i-new", targets=(Target("lb", "initial", "registering"),))
    assert told(state, initial).sentence.endswith("; now: initial registering")


def test_a_bake_says_when_it_is_over_and_how_it_goes() -> None:
    found = told(at(Phase.VERIFYING), now=100)
    assert found.sentence.startswith("i-new is watched until 12:05:00 UTC; so far ")
    assert found.ends_at == later(900)
    late = told(at(Phase.VERIFYING), now=400)
    assert late.sentence.startswith("i-new has to prove itself; so far ")


def test_a_hold_stops_it_and_its_deadlines() -> None:
    found = told(at(Phase.DRAINING, paused_at=later(-60)))
    assert found.sentence == "a hold stops it since 11:59:00 UTC; no deadline runs meanwhile"
    assert found.ends_at is None


# The floor: never in the way of a launch, always before a drain.

DOWN = tuple(instance(f"i-{number}", healthy=False) for number in (2, 3))


def test_the_floor_is_a_veto_of_the_predecessor_with_its_numbers() -> None:
    members = {member.id: member for member in (*FLEET, *DOWN)}.values()
    state = at(Phase.VERIFIED, verification="improved")
    readings = all_fine(members, i_1=signal(9.0))
    whole = snapshot(members, [group(desired=7)], signals=readings, open_replacements=(state,))
    judged = judge(whole, BY)
    report = explain(whole, judged, plan(whole, judged, BY, RULES), BY)
    by_id = {item["id"]: item for item in report["instances"]}
    reason = "4 would serve without it, 6 have to"
    assert by_id["i-1"]["vetoes"] == [{"rule": "capacity_floor", "reason": reason, "needs": "world", "clears_at": None}]
    assert by_id["i-1"]["decision"] == "replace"
    assert by_id["i-1"]["waits"] == {"for": f"capacity_floor: {reason}", "ends_at": None}
    assert by_id["i-1"]["next"] == f"r-7 is under way: capacity_floor: {reason}"
    assert by_id["i-new"]["vetoes"] == []
    assert by_id["i-new"]["waits"] == by_id["i-1"]["waits"]
    assert by_id["i-4"]["waits"] is None


@pytest.mark.parametrize("phase", [Phase.ACCEPTED, Phase.LAUNCHING, Phase.VERIFYING, Phase.TERMINATING])
def test_the_floor_speaks_only_before_the_drain(phase: Phase) -> None:
    assert told(at(phase), *DOWN, rules=[capacity_floor.RULE]).vetoes == ()


def test_a_drain_that_began_is_not_asked_any_more() -> None:
    begun = at(Phase.DRAINING, calls=called(Step.DRAIN))
    assert told(begun, *DOWN, rules=[capacity_floor.RULE]).vetoes == ()
    not_yet = at(Phase.DRAINING)
    assert [veto.rule for veto in told(not_yet, *DOWN, rules=[capacity_floor.RULE]).vetoes] == ["capacity_floor"]
