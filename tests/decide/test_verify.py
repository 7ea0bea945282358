"""What a successor has to show before anything is taken away."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from controller.decide.explain import evidence_json
from controller.decide.verify import Proof, Verification, verify
from controller.domain.model import InstanceState, Reading, Signal, Snapshot, Target, Unknown
from controller.domain.policy import Above, AnyOf, Cause, Condition, Verify
from controller.domain.replacement import Replacement
from tests.support.builders import (
    DAY,
    ERRORS,
    IMAGE_AGE,
    NOW,
    evidence,
    image,
    instance,
    later,
    policy,
    replacement,
    signal,
    snapshot,
)

TAMPERED = Condition("changed", Cause.TAMPERED, "changed", AnyOf(("yes",)))
DRIFTED = Condition("drift", Cause.DRIFTED, "drift", AnyOf(("yes",)))
ALL = (ERRORS, IMAGE_AGE, TAMPERED, DRIFTED)
FINE: dict[str, Signal | Unknown] = {
    "errors": signal(0.0),
    "max_image_age": signal(86400.0),
    "changed": signal("no"),
    "drift": signal("no"),
}
FOR_AGE = replacement(causes=("max_image_age",))


def seen(changed: Mapping[str, Signal | Unknown] | None = None, **member: Any) -> Snapshot:
    signals = {("i-new", name): item for name, item in {**FINE, **(changed or {})}.items()}
    return snapshot([instance("i-new", **member)], signals=signals)


def verified(sight: Snapshot, of: Replacement | None = None) -> tuple[str, str]:
    proof = verify(sight, of or replacement(), policy(*ALL))
    return proof.verification.value, proof.sentence


def test_improved_when_the_cause_was_read_and_is_fine() -> None:
    assert verified(seen()) == ("improved", "i-new serves, and errors is fine on it")
    both = replacement(causes=("errors", "max_image_age"))
    assert verified(seen(), both) == ("improved", "i-new serves, and errors, max_image_age is fine on it")


def test_same_when_it_breaches_what_its_predecessor_was_replaced_for() -> None:
    assert verified(seen({"errors": signal(2.5)})) == ("same", "errors is 2.5 (above 0.5) on i-new")
    aged = {"max_image_age": signal(31 * 86400.0)}
    assert verified(seen(aged), FOR_AGE) == ("same", "max_image_age is 2678400.0 (above 2592000) on i-new")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"errors": signal(2.5)}, "errors is 2.5 (above 0.5) on i-new"),
        ({"changed": signal("yes")}, "changed is yes (yes) on i-new"),
    ],
)
def test_worse_when_it_is_sick_in_another_way(changed: dict[str, Signal | Unknown], sentence: str) -> None:
    assert verified(seen(changed), FOR_AGE) == ("worse", sentence)


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        ({"targets": (Target("lb", "unhealthy", "500"),)}, "i-new does not serve (unhealthy 500)"),
        ({"targets": (Target("lb", "unknown"), Target("b", "unhealthy"))}, "i-new does not serve (unknown, unhealthy)"),
        ({"targets": (), "healthy": False}, "i-new does not serve (its own checks fail)"),
    ],
)
def test_worse_when_it_stops_serving(member: dict[str, Any], sentence: str) -> None:
    assert verified(seen(**member)) == ("worse", sentence)


@pytest.mark.parametrize("state", ["initial", "unknown", "unavailable", "draining", "unused"])
def test_unproven_while_nobody_can_see_whether_it_serves(state: str) -> None:
    blind = seen(targets=(Target("lb", state, "timed out"), Target("b", "healthy")))
    assert verified(blind) == ("unproven", f"i-new does not serve ({state} timed out)")


def test_what_its_predecessor_breached_too_without_being_replaced_for_it_is_not_worse() -> None:
    also = [{"rule": "errors", "outcome": "breached"}]
    before = replace(FOR_AGE, facts={**FOR_AGE.facts, "evidence": also})
    assert verified(seen({"errors": signal(3.0)}), before)[0] == "improved"
    assert verified(seen({"errors": signal(3.0)}), FOR_AGE)[0] == "worse"


def test_lost_when_it_is_gone_or_going_which_proves_nothing() -> None:
    for gone in (snapshot([instance("i-2")]), seen(state=InstanceState.TERMINATING)):
        proof = verify(gone, replacement(), policy(*ALL))
        assert (proof.lost, proof.verification) == (True, "unproven")
        assert proof.sentence == "i-new is no longer in service"
    assert verify(seen(), replace(replacement(), successor=None), policy(*ALL)).lost
    assert not verify(seen(), replacement(), policy(*ALL)).lost


@pytest.mark.parametrize("changed", [{"drift": signal("yes")}, {"max_image_age": signal(90 * 86400.0)}])
def test_what_is_no_sickness_does_not_count_against_another_cause(changed: dict[str, Signal | Unknown]) -> None:
    assert verified(seen(changed))[0] == "improved"


def test_unproven_while_the_cause_has_not_been_read() -> None:
    assert verified(seen({"errors": Unknown("no row")})) == ("unproven", "errors: no row")
    assert verified(seen({"errors": signal(float("nan"))})) == ("unproven", "errors: nan is not a number")


def test_unproven_until_something_was_measured_in_its_own_life_after_warm_up() -> None:
    warm = replace(policy(*ALL), verify=Verify(warm_up_seconds=60))
    for seconds, expected in ((59, "unproven"), (60, "improved")):
        sight = seen({"errors": signal(0.0, later(seconds))})
        proof = verify(sight, replacement(), warm)
        assert proof.verification == expected
        assert expected == "improved" or proof.sentence == "errors: nothing measured since 12:01:00"
    sick_while_it_warmed_up = seen({"errors": signal(1.0, later(59))})
    assert verify(sick_while_it_warmed_up, replacement(), warm).verification is Verification.UNPROVEN


def test_what_is_unknown_beside_the_cause_does_not_matter() -> None:
    assert verified(seen({"changed": Unknown("no row"), "max_image_age": Unknown("no date")}))[0] == "improved"


def test_a_breach_decides_though_another_cause_is_unknown() -> None:
    both = replacement(causes=("errors", "max_image_age"))
    aged: dict[str, Signal | Unknown] = {"errors": Unknown("no row"), "max_image_age": signal(90 * 86400.0)}
    assert verified(seen(aged), both)[0] == "same"


def test_a_cause_that_nobody_reads_any_more_is_never_proven() -> None:
    assert verified(seen(), replacement(causes=("disk",))) == ("unproven", "disk is not read any more")


def test_what_a_person_asked_for_must_not_be_worse_and_need_not_improve() -> None:
    asked = replacement(causes=("requested",))
    assert verified(seen(), asked) == ("improved", "i-new serves, and nothing speaks against it")
    assert verified(seen({"errors": signal(3.0)}), asked)[0] == "worse"
    both = replacement(causes=("requested", "errors"))
    assert verified(seen({"errors": signal(3.0)}), both)[0] == "same"


# By all its readings, where the source keeps history


RATE = replace(ERRORS, history=True)


def bake(*values: float, first_at: float = 0.0) -> Signal:
    """One reading a minute."""
    readings = (Reading(value, later(first_at + 60 * minute)) for minute, value in enumerate(values))
    return Signal(tuple(readings), "errors", "%", period_seconds=60.0)


def proof_of(known: Signal | Unknown, *others: Signal | Unknown, of: Replacement | None = None, **member: Any) -> Proof:
    """Of i-new after five minutes, beside siblings i-2, i-3 ... that said this."""
    members = [instance("i-new", **member), instance("i-1")]
    members += [instance(f"i-{number}") for number in range(2, 2 + len(others))]
    said = {("i-new", "errors"): known, ("i-1", "errors"): bake(*[9.0] * 6)}
    said |= {(f"i-{number}", "errors"): item for number, item in enumerate(others, start=2)}
    of = of or replacement()
    sight = snapshot(members, now=later(300), signals=said, open_replacements=(of,))
    return verify(sight, of, policy(RATE))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (bake(0, 0, 0, 0, 0, 0), "improved"),
        (bake(0, 0, 2.5, 0, 0, 0), "same"),
        (bake(2.5, 0, 0, 0, 0, 0, first_at=-60), "improved"),
        (bake(0, 0, 0, first_at=-180), "unproven"),
        (bake(0, first_at=280), "improved"),
    ],
    ids=[
        "fine over the whole bake",
        "one bad reading in between, fine now",
        "bad before it was ready",
        "nothing of its own life",
        "one reading is enough",
    ],
)
def test_every_reading_of_its_own_life_counts(known: Signal, expected: str) -> None:
    assert proof_of(known).verification == expected


def test_a_stale_source_proves_nothing() -> None:
    why = "errors: stale: the newest reading is 180 s old, more than two periods of 60 s"
    assert proof_of(bake(0, 0, 0)).sentence == why


# Beside its siblings


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([bake(*[9.0] * 6), bake(*[0.0] * 6)], "unproven"),
        ([bake(*[9.0] * 6), bake(*[0.0] * 6), bake(*[0.0] * 6)], "worse"),
        ([bake(*[9.0] * 6), bake(*[0.0] * 6), Unknown("no row")], "unproven"),
        ([Unknown("no row")], "worse"),
        ([], "worse"),
        ([bake(9.0, *[0.0] * 8, first_at=-200)], "worse"),
    ],
    ids=[
        "half of them breach it too",
        "fewer than half do",
        "those without data do not count",
        "nobody has data",
        "it has no siblings",
        "what a sibling breached before the bake does not count",
    ],
)
def test_what_most_siblings_breach_too_is_the_fleets_trouble(others: list[Signal | Unknown], expected: str) -> None:
    proof = proof_of(bake(0, 3.0, 0, 0, 0, 0), *others, of=FOR_AGE)
    assert proof.verification == expected
    end = ", and on at least half of its siblings" if expected == "unproven" else ""
    aged = "max_image_age is not read any more"
    assert proof.sentence in (f"errors is 3.0 (above 0.5) on i-new{end}", aged)


def test_the_cause_itself_is_not_excused_by_siblings() -> None:
    assert proof_of(bake(*[3.0] * 6), bake(*[9.0] * 6)).verification == "same"


def test_siblings_are_warm_in_service_and_not_part_of_a_replacement() -> None:
    sick, of = bake(*[9.0] * 6), replacement(causes=("requested",))
    members = [
        instance("i-new"),
        instance("i-1"),
        instance("i-2", launched_at=later(200)),
        instance("i-3", state=InstanceState.STANDBY),
        instance("i-4"),
    ]
    said = {(member.id, "errors"): sick for member in members[:4]}
    said |= {("i-4", "errors"): bake(*[0.0] * 6)}
    sight = snapshot(members, now=later(300), signals=said, open_replacements=(of,))
    assert verify(sight, of, policy(RATE)).verification == "worse"


def test_when_its_siblings_do_not_serve_either_the_trouble_is_not_its_own() -> None:
    out = (Target("lb", "unhealthy", "503"),)
    members = [instance("i-new", targets=out), instance("i-2", targets=out), instance("i-3")]
    sight = snapshot(members, signals={("i-new", name): item for name, item in FINE.items()})
    assert verified(sight) == (
        "unproven",
        "i-new does not serve (unhealthy 503), nor do 1 of its 2 warm siblings",
    )


# Per cause


def test_only_the_causes_that_it_breaches_are_named() -> None:
    both = replacement(causes=("errors", "max_image_age"))
    assert verify(seen({"errors": signal(2.0)}), both, policy(*ALL)).breached == ("errors",)
    sick_otherwise = seen({"errors": signal(2.0), "changed": signal("yes")})
    proof = verify(sick_otherwise, both, policy(*ALL))
    assert (proof.verification, proof.breached) == (Verification.WORSE, ("errors",))
    assert verify(seen(), both, policy(*ALL)).breached == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(10, 5, "improved"), (10, 10, "improved"), (10, 20, "worse"), (10, None, "improved"), (None, 20, "improved")],
)
def test_what_was_replaced_for_its_age_is_not_followed_by_an_older_image(
    before: float | None, after: float | None, expected: str
) -> None:
    born = None if before is None else (NOW - before * DAY).isoformat()
    of = replacement(causes=("max_age",), facts={"predecessor_facts": {"image_id": "ami-1", "image_created_at": born}})
    by = policy(Condition("max_age", Cause.AGED, "instance_age", Above(86400.0)))
    sight = snapshot([instance("i-new", image=image("ami-2", after))], signals={("i-new", "max_age"): signal(60.0)})
    proof = verify(sight, of, by)
    assert proof.verification == expected
    if expected == "worse":
        assert proof.sentence == "i-new starts from ami-2 of 2026-11-03, older than ami-1"


# What is told of both sides


def test_both_sides_and_the_siblings_are_told_in_numbers() -> None:
    accepted_with = {"evidence": [evidence_json(evidence(RATE))]}
    proof = proof_of(
        bake(0, 0.1, 0.4, 0, 0, 0.2), bake(*[0.0] * 6), bake(*[0.3] * 6), of=replacement(facts=accepted_with)
    )
    asked = {"rule": "errors", "threshold": "above 0.5", "unit": "%"}
    assert list(proof.sides) == [
        {
            "side": "predecessor",
            **asked,
            "value": 7.5,
            "measured_at": "2026-11-23T12:00:00Z",
            "outcome": "breached",
            "for_seconds": 60,
            "breached_for_seconds": 90.0,
            "query": "how many errors",
        },
        {
            "side": "successor",
            "instance": "i-new",
            **asked,
            "readings": 6,
            "breached": 0,
            "min": 0,
            "max": 0.4,
            "last": 0.2,
            "measured_at": "2026-11-23T12:05:00Z",
        },
        {"side": "siblings", **asked, "instances": 2, "breached": 0, "median": 0.15},
    ]


def test_what_was_not_read_is_told_with_its_reason() -> None:
    (side,) = proof_of(Unknown("no row")).sides
    assert side == {
        "side": "successor",
        "instance": "i-new",
        "rule": "errors",
        "threshold": "above 0.5",
        "unit": "%",
        "readings": 0,
        "reason": "no row",
    }


def test_words_are_told_without_least_and_most() -> None:
    sides = verify(seen(), replacement(causes=("changed",)), policy(TAMPERED)).sides
    assert [(item["last"], "min" in item) for item in sides] == [("no", False)]
