"""Looking again before the irreversible: every way in which it goes ahead, waits or turns back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decide.looks import (
    Go,
    Look,
    TurnBack,
    Wait,
    before_drain,
    before_launch,
    before_terminate,
)
from controller.decide.rules.capacity_floor import required_serving, steadily_serving
from controller.domain.lifecycle import Phase
from controller.domain.model import Instance, InstanceState, Snapshot, Target
from controller.domain.policy import Amount, Limits
from controller.domain.replacement import Replacement
from controller.domain.verdict import Evidence, EvidenceOutcome, Judgement
from controller.domain.veto import Needs, Veto
from tests.support.builders import (
    IMAGE_AGE,
    evidence,
    group,
    instance,
    instances,
    judgement,
    policy,
    replacement,
    snapshot,
    verdict,
    veto,
)

NEW = instance("i-new")
FLEET = (*instances(6), NEW)
OURS = replacement(verification="improved")
BAD = evidence()
FINE = evidence(found=False)
UNSEEN = evidence(found=False, outcome=EvidenceOutcome.UNKNOWN, reason="no row")
NOT_SERVING: dict[str, Any] = {"healthy": False}


def seen(*changed: Instance, without: str = "", group_vetoes: tuple[Veto, ...] = (), **more: Any) -> Snapshot:
    """Six that serve and the successor, desired 7, with these members changed."""
    by_id = {member.id: member for member in (*FLEET, *changed)}
    by_id.pop(without, None)
    whole = [group(desired=7, vetoes=group_vetoes)]
    return snapshot(by_id.values(), whole, **({"open_replacements": (OURS,)} | more))


def judged(*items: Evidence) -> Judgement:
    return judgement(FLEET, verdict("i-1", *(items or (BAD,))))


def at_launch(sight: Snapshot, *items: Evidence) -> Look:
    return before_launch(sight, judged(*items), replace(OURS, successor=None, verification=None))


def at_drain(sight: Snapshot, *items: Evidence, ours: Replacement = OURS) -> Look:
    return before_drain(sight, judged(*items), ours, policy())


def at_terminate(sight: Snapshot, *items: Evidence) -> Look:
    return before_terminate(sight, OURS)


EVERY = pytest.mark.parametrize("look", [at_launch, at_drain, at_terminate])
JUDGING = pytest.mark.parametrize("look", [at_launch, at_drain])
LATE = pytest.mark.parametrize("look", [at_drain, at_terminate])


@EVERY
def test_nothing_in_the_way_goes_ahead(look: Any) -> None:
    assert look(seen()) == Go()


@EVERY
@pytest.mark.parametrize(
    "sight",
    [
        seen(without="i-1"),
        seen(instance("i-1", state=InstanceState.TERMINATING)),
        seen(instance("i-1", state=InstanceState.DETACHED)),
        seen(instance("i-1", group="api")),
    ],
    ids=["no member", "terminating", "detached", "in another group"],
)
def test_a_predecessor_that_left_by_itself_supersedes(look: Any, sight: Snapshot) -> None:
    assert look(sight) == TurnBack("i-1 left the group without us", "predecessor_gone", "superseded")


@EVERY
@pytest.mark.parametrize("rule", ["protected", "stateful", "managed_elsewhere", "unsupported_group"])
def test_what_was_protected_meanwhile_is_left_alone(look: Any, rule: str) -> None:
    back = TurnBack(f"{rule}: {rule} says no", rule, "aborted")
    assert look(seen(instance("i-1", vetoes=(veto(rule),)))) == back
    assert look(seen(group_vetoes=(veto(rule),))) == back


@EVERY
def test_a_busy_platform_is_waited_for(look: Any) -> None:
    busy = veto("platform_busy", Needs.WORLD)
    assert look(seen(group_vetoes=(busy,))) == Wait(busy)


@EVERY
@pytest.mark.parametrize("rule", ["no_capacity", "platform_replacing", "max_in_flight"])
def test_what_only_matters_before_acceptance_does_not_stop_it(look: Any, rule: str) -> None:
    assert look(seen(instance("i-1", vetoes=(veto(rule),)), group_vetoes=(veto(rule),))) == Go()


def test_protection_of_another_instance_is_not_ours() -> None:
    assert at_drain(seen(instance("i-2", vetoes=(veto(),)))) == Go()


@JUDGING
def test_a_recovered_predecessor_is_kept(look: Any) -> None:
    assert look(seen(), FINE) == TurnBack("i-1 has recovered", "recovered", "aborted")


@JUDGING
def test_one_that_breaches_for_less_than_its_span_has_not_recovered(look: Any) -> None:
    assert look(seen(), evidence(found=False, outcome=EvidenceOutcome.BREACHED)) == Go()


@JUDGING
def test_another_fault_is_not_what_it_was_accepted_for(look: Any) -> None:
    assert look(seen(), FINE, evidence(IMAGE_AGE)) == TurnBack("i-1 has recovered", "recovered", "aborted")


@JUDGING
def test_one_that_cannot_be_seen_is_waited_for(look: Any) -> None:
    assert look(seen(), UNSEEN) == Wait(Veto("blind", "errors: no row", Needs.WORLD))
    gone_rule = Wait(Veto("blind", "its rules are not read any more", Needs.WORLD))
    assert look(seen(), evidence(IMAGE_AGE)) == gone_rule


def test_still_bad_on_one_of_its_causes_goes_ahead_whatever_the_others_say() -> None:
    both = replace(OURS, causes=("errors", "max_image_age"))
    old = evidence(IMAGE_AGE)
    assert at_drain(seen(), UNSEEN, old, ours=both) == Go()
    assert at_drain(seen(), FINE, old, ours=both) == Go()
    assert isinstance(at_drain(seen(), UNSEEN, evidence(IMAGE_AGE, found=False), ours=both), Wait)


@LATE
@pytest.mark.parametrize("sight", [seen(without="i-new"), seen(instance("i-new", state=InstanceState.TERMINATING))])
def test_without_its_successor_nothing_is_taken_away(look: Any, sight: Snapshot) -> None:
    reason = "the successor i-new is no longer in service"
    assert look(sight) == TurnBack(reason, "successor_lost", "failed")


@pytest.mark.parametrize("look", [at_drain, at_terminate])
@pytest.mark.parametrize("state", ["unhealthy", "unknown"])
def test_a_successor_that_does_not_serve_has_to_serve_first(look: Any, state: str) -> None:
    silent = replace(NEW, targets=(Target("lb", state),))
    reason = f"the successor i-new does not serve: {state}"
    assert look(seen(silent)) == Wait(Veto("capacity_floor", reason, Needs.WORLD))


def test_a_drained_predecessor_is_not_judged_by_its_signals() -> None:
    assert before_terminate(seen(instance("i-1", targets=())), OURS) == Go()


# Capacity


def test_the_floor_is_what_served_at_acceptance() -> None:
    short = seen(instance("i-2", **NOT_SERVING))
    said = Veto("capacity_floor", "5 would serve without it, 6 have to", Needs.WORLD)
    assert at_drain(short) == Wait(said)
    five_served = replace(OURS, facts={**OURS.facts, "serving": 5})
    assert at_drain(short, ours=five_served) == Go()


def test_a_predecessor_that_does_not_serve_is_no_loss() -> None:
    dead = instance("i-1", **NOT_SERVING)
    assert at_drain(seen(dead, instance("i-2", **NOT_SERVING))) == Go()


def test_an_unproven_or_silent_successor_does_not_count() -> None:
    unproven = replace(OURS, verification=None)
    assert isinstance(at_drain(seen(open_replacements=(unproven,)), ours=unproven), Wait)
    assert isinstance(at_drain(seen(instance("i-new", **NOT_SERVING))), Wait)


def test_a_smaller_fleet_needs_fewer() -> None:
    """Somebody scaled in to four while we were at it: five desired with our surge."""
    four = (*instances(4), NEW)
    sight = snapshot(four, [group(desired=5)], open_replacements=(OURS,))
    assert required_serving(sight, OURS, policy()) == 4
    assert at_drain(sight) == Go()


@pytest.mark.parametrize(
    ("floor", "required"), [(None, 6), (Amount(count=3), 6), (Amount(count=7), 7), (Amount(share=1.0), 6)]
)
def test_a_declared_floor_counts_where_it_is_more(floor: Amount | None, required: int) -> None:
    by = policy(limits=Limits(capacity_floor=floor))
    assert required_serving(seen(), OURS, by) == required


def test_a_declared_floor_that_is_a_share_rounds_up_without_our_surges() -> None:
    by = policy(limits=Limits(capacity_floor=Amount(share=0.9)))
    one_served = replace(OURS, facts={**OURS.facts, "serving": 1})
    assert required_serving(seen(), one_served, by) == 6
    assert required_serving(snapshot([], []), OURS, policy()) == 0


def other(number: int, phase: Phase, verification: str | None = None, successor: bool = True) -> Replacement:
    return replacement(
        f"r-{number}",
        phase,
        predecessor=f"i-{number}",
        successor=f"i-new-{number}" if successor else None,
        verification=verification,
    )


@pytest.mark.parametrize(
    ("opened", "serving"),
    [
        ((), 7),
        ((other(1, Phase.ACCEPTED, successor=False),), 7),
        ((OURS,), 6),
        ((other(2, Phase.VERIFYING),), 7),
        ((replace(OURS, verification=None),), 6),
        ((OURS, other(2, Phase.ACCEPTED, successor=False)), 6),
    ],
    ids=["nobody", "accepted", "ours counts once", "its successor is not there yet", "unproven", "two"],
)
def test_an_open_replacement_counts_for_one(opened: tuple[Replacement, ...], serving: int) -> None:
    assert steadily_serving(seen(open_replacements=opened), "web") == serving


def test_one_whose_predecessor_is_out_counts_by_its_proven_successor_alone() -> None:
    drained = instance("i-1", **NOT_SERVING)
    assert steadily_serving(seen(drained), "web") == 6
    assert steadily_serving(seen(drained, open_replacements=(replace(OURS, verification=None),)), "web") == 5
    assert steadily_serving(seen(open_replacements=(OURS,)), "web", without=OURS) == 6
    unproven = replace(OURS, verification=None)
    assert steadily_serving(seen(open_replacements=(unproven,)), "web", without=unproven) == 5


def test_other_groups_do_not_count() -> None:
    sight = seen(instance("i-2", group="api"), open_replacements=(OURS, replace(other(3, Phase.VERIFIED), group="api")))
    assert steadily_serving(sight, "web") == 5


PAIRS = st.tuples(
    st.booleans(), st.booleans(), st.booleans(), st.sampled_from([None, "improved"]), st.integers(0, 8)
)  # predecessor serves, successor is there, successor serves, verification, serving at acceptance


def pair(number: int, drawn: tuple[bool, bool, bool, str | None, int]) -> tuple[list[Instance], Replacement]:
    old_serves, there, new_serves, verification, served = drawn
    old = instance(f"i-{number}", healthy=old_serves)
    new = [instance(f"i-new-{number}", healthy=new_serves)] if there else []
    opened = other(number, Phase.VERIFIED, verification if there else None, there)
    return [old, *new], replace(opened, facts={**opened.facts, "serving": served})


@settings(deadline=None)
@given(st.lists(PAIRS, min_size=1, max_size=4), st.integers(0, 5), st.integers(0, 2))
def test_going_ahead_never_lets_serving_fall_below_what_has_to_serve(
    drawn: list[tuple[bool, bool, bool, str | None, int]], others: int, sick: int
) -> None:
    pairs = [pair(number, item) for number, item in enumerate(drawn, start=1)]
    members = [member for both, _ in pairs for member in both]
    members += [instance(f"i-other-{number}", healthy=number >= sick) for number in range(others)]
    surges = sum(len(both) - 1 for both, _ in pairs)
    desired = len(pairs) + others + surges
    opened = tuple(item for _, item in pairs)
    sight = snapshot(members, [group(desired=desired)], open_replacements=opened)
    for item in opened:
        condemned = judgement(members, verdict(item.predecessor, BAD))
        if isinstance(before_drain(sight, condemned, item, policy()), Go):
            left = sum(member.serving for member in members if member.id != item.predecessor)
            before = sum(member.serving for member in members)
            assert left >= min(before, item.facts["serving"], desired - surges)
