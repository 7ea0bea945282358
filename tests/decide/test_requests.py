"""What a person asked for, and what a person is asked: candidates, waivers, proposals and their withdrawal."""

from dataclasses import replace
from typing import Any

import pytest

from controller.decide.explain import explain, sentence_of
from controller.decide.judge import judge
from controller.decide.plan import ABOUT_THE_VERDICT, plan
from controller.decide.proposals import MOST_NAMED, asked_about, to_propose, withdrawn
from controller.domain.model import Hold, InstanceState, Snapshot, Unknown
from controller.domain.past import History
from controller.domain.policy import Limits, Mode, Policy
from controller.domain.request import REFUSED_FOR, Request, RequestKind, RequestState
from controller.domain.verdict import Plan
from controller.domain.veto import Needs, Veto
from tests.journal.test_requests import proposal, wish
from tests.simulation.daemon import RULES
from tests.support.builders import NOW, all_fine, group, image, instance, instances, policy, signal, snapshot

ASK, ACT = policy(mode=Mode.ASK), policy()
AGED = signal(90 * 86400.0, unit="s")
FRESH = (group(desired=3, launch_image=image("ami-new", 1)),)


def seen(*requests: Request, aged: tuple[str, ...] = (), **changed: Any) -> Snapshot:
    """i-1, i-2 and i-3 on old images; max_image_age is breached for those named."""
    members = changed.pop("members", instances(3, image=image(age_days=90)))
    signals = all_fine(members) | {(instance_id, "max_image_age"): AGED for instance_id in aged}
    return snapshot(members, FRESH, signals=changed.pop("signals", signals), requests=requests, **changed)


def decided(found: Snapshot, by: Policy = ACT) -> Plan:
    return plan(found, judge(found, by), by, RULES)


def proposed(found: Snapshot, by: Policy = ASK) -> list[str]:
    return [one.instance.id for one in to_propose(decided(found, by), found)]


def no(instance_id: str) -> Request:
    """A proposal that bob turned down just now."""
    whole = proposal(instance_id=instance_id)
    return replace(whole, ended=RequestState.ABORTED, ended_at=NOW, closing="aborted by bob")


def rules_of(found: Plan) -> dict[str, set[str]]:
    return {held.candidate.instance.id: {veto.rule for veto in held.vetoes} for held in found.holds}


# --- what a person asked for -----------------------------------------------------------------------------------------


def test_who_is_asked_for_is_a_candidate_though_healthy() -> None:
    (start,) = decided(seen(wish(instance_id="i-2"))).starts
    assert (start.instance.id, start.verdict.kind, start.requested) == ("i-2", "healthy", True)


def test_it_goes_before_others_of_no_urgency() -> None:
    found = decided(seen(wish(instance_id="i-3"), aged=("i-1", "i-2")))
    assert [start.instance.id for start in found.starts] == ["i-3"]
    assert rules_of(found) == {"i-1": {"max_in_flight", "zone"}, "i-2": {"max_in_flight", "zone"}}


def test_blindness_and_warm_up_do_not_hold_it_and_mode_ask_does_not_ask_again() -> None:
    newborn = instance("i-2", launched_at=NOW)
    dark = seen(
        wish(instance_id="i-1"),
        wish("r-8", "i-2"),
        members=(instance("i-1"), newborn),
        signals={("i-1", "errors"): Unknown("no row")},
    )
    roomy = replace(ASK, limits=Limits(max_in_flight=replace(ASK.limits.max_in_flight, count=5)))
    fine = [rule for rule in RULES if rule.name not in ("canary", "source_quiet", "zone")]
    found = plan(dark, judge(dark, roomy), roomy, fine)
    assert {start.instance.id for start in found.starts} == {"i-1", "i-2"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"holds": (Hold("all", "x", "eve", NOW),)}, "held"),
        ({"members": (instance("i-1", vetoes=(Veto("protected", "x", Needs.PERSON),)),)}, "protected"),
        ({"members": (instance("i-1", vetoes=(Veto("platform_busy", "x", Needs.WORLD),)),)}, "platform_busy"),
    ],
)
def test_limits_holds_and_protection_hold_it(change: dict[str, Any], rule: str) -> None:
    found = decided(seen(wish(instance_id="i-1"), **change))
    assert (found.starts, rules_of(found)) == ((), {"i-1": {rule}})


def test_in_mode_observe_nobody_is_heard() -> None:
    assert rules_of(decided(seen(wish(instance_id="i-1")), policy(mode=Mode.OBSERVE))) == {"i-1": {"observe_mode"}}


def test_what_stops_the_whole_fleet_stops_it() -> None:
    sick = all_fine(instances(3)) | {(f"i-{n}", "errors"): signal(9.0) for n in (2, 3)}
    at_once = replace(ACT, conditions=tuple(replace(item, for_seconds=0) for item in ACT.conditions))
    found = decided(seen(wish(instance_id="i-1"), signals=sick), at_once)
    assert rules_of(found)["i-1"] == {"fleet_wide_fault"}


def test_an_hour_later_it_is_not_asked_for_any_more() -> None:
    found = seen(wish(instance_id="i-1"))
    late = replace(found, now=wish().expires_at)
    assert (decided(late).starts, decided(late).holds) == ((), ())


def test_every_waived_rule_is_a_rule() -> None:
    assert {rule.name for rule in RULES} >= ABOUT_THE_VERDICT


# --- what a person is asked ------------------------------------------------------------------------------------------


def test_a_candidate_that_waits_for_nothing_but_a_yes_is_proposed_once() -> None:
    assert proposed(seen(aged=("i-1", "i-2"))) == ["i-1", "i-2"]
    assert proposed(seen(proposal(instance_id="i-1"), aged=("i-1", "i-2"))) == ["i-2"]


def test_who_is_held_by_something_else_too_is_not_proposed() -> None:
    found = seen(aged=("i-1",), holds=(Hold("instance:i-1", "x", "eve", NOW),))
    assert proposed(found) == []
    assert proposed(seen(aged=("i-1",)), ACT) == []


def test_a_no_stands_for_a_day_and_for_what_was_found_then() -> None:
    refused = History(refused=(no("i-1"),))
    assert proposed(seen(aged=("i-1", "i-2"), history=refused)) == ["i-2"]
    (veto,) = decided(seen(aged=("i-1",), history=refused), ASK).holds[0].vetoes
    again = "proposed again at 2026-11-24 12:00:00 UTC, or for another finding"
    assert veto.reason == f"mode is ask: r-1 was aborted by bob; {again}"
    worse = {("i-1", "errors"): signal(9.0)}
    signals = all_fine(instances(3)) | {("i-1", "max_image_age"): AGED} | worse
    at_once = replace(ASK, conditions=tuple(replace(item, for_seconds=0) for item in ASK.conditions))
    assert proposed(seen(signals=signals, history=refused), at_once) == ["i-1"]


@pytest.mark.parametrize(
    "said",
    [
        {"ended_at": NOW - REFUSED_FOR},
        {"ended": RequestState.EXPIRED},
        {"kind": RequestKind.REQUESTED},
        {"instance_id": "i-2"},
    ],
    ids=str,
)
def test_nothing_but_a_fresh_no_keeps_it_from_being_proposed(said: dict[str, Any]) -> None:
    turned_down = History(refused=(replace(no("i-1"), **said),))
    assert proposed(seen(aged=("i-1",), history=turned_down)) == ["i-1"]


def test_a_fleet_that_waits_for_a_person_is_settled() -> None:
    assert decided(seen(proposal(instance_id="i-1"), aged=("i-1",)), ASK).settled


def why_not(found: Snapshot, by: Policy = ASK) -> dict[str, str]:
    return dict(withdrawn(found, judge(found, by), by))


def test_a_proposal_stands_while_it_is_wanted_whatever_else_forbids_it() -> None:
    asked = proposal(instance_id="i-1")
    assert why_not(seen(asked, aged=("i-1",))) == {}
    assert why_not(seen(asked, aged=("i-1",), holds=(Hold("all", "x", "eve", NOW),))) == {}
    dark = all_fine(instances(3)) | {("i-1", "max_image_age"): Unknown("no row")}
    assert why_not(seen(asked, signals=dark)) == {}, "blind is not recovered"


def test_it_is_withdrawn_when_it_is_not() -> None:
    asked = proposal(instance_id="i-1")
    assert why_not(seen(asked)) == {"r-1": "i-1 is healthy now: max_image_age is not found any more"}
    assert why_not(seen(asked, aged=("i-1",)), ACT) == {"r-1": "the mode is act now"}
    gone = instances(3)[1:]
    assert why_not(seen(asked, members=gone)) == {"r-1": "i-1 left the fleet"}


def test_what_a_person_asked_for_stands_while_its_instance_is_there() -> None:
    asked = wish(instance_id="i-1")
    assert why_not(seen(asked), ACT) == {}
    leaving = (instance("i-1", state=InstanceState.TERMINATING),)
    assert why_not(seen(asked, members=leaving), ACT) == {"r-9": "i-1 left the fleet"}


# --- in words --------------------------------------------------------------------------------------------------------


def test_proposals_are_told_by_verdict_and_count() -> None:
    asked = [proposal("r-1"), proposal("r-2"), proposal("r-3", verdict="degraded")]
    assert asked_about(asked) == "awaiting approval: 2 aged (r-1, r-2), 1 degraded (r-3)"
    many = [proposal(f"r-{number}") for number in range(MOST_NAMED + 3)]
    assert asked_about(many) == "awaiting approval: 8 aged (r-0, r-1, r-2, r-3, r-4 and 3 more)"


def test_the_sentence_asks_and_holds_apart() -> None:
    found = seen(proposal(instance_id="i-1"), aged=("i-1", "i-2"), holds=(Hold("instance:i-2", "x", "eve", NOW),))
    said = sentence_of(found, judge(found, ASK), decided(found, ASK), [], {})
    assert said == (
        "3 instances: 2 aged, 1 healthy; awaiting approval: 1 aged (r-1); holding i-2 (awaiting_approval, held)"
    )


def test_the_report_shows_the_request_beside_the_vetoes() -> None:
    found = seen(proposal(instance_id="i-1"), aged=("i-1",))
    report = explain(found, judge(found, ASK), decided(found, ASK), ASK)
    asked, other, _ = report["instances"]
    assert (asked["request"]["id"], asked["request"]["state"], asked["decision"]) == ("r-1", "proposed", "hold")
    assert other["request"] is None
