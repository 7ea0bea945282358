"""What a successor has to show before anything is taken away."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from controller.decide.verify import Verification, verify
from controller.domain.model import InstanceState, Signal, Snapshot, Target, Unknown
from controller.domain.policy import AnyOf, Cause, Condition, Verify
from controller.domain.replacement import Replacement
from tests.support.builders import ERRORS, IMAGE_AGE, instance, later, policy, replacement, signal, snapshot

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
    verification, sentence = verify(sight, of or replacement(), policy(*ALL))
    return verification.value, sentence


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
        ({"state": InstanceState.TERMINATING}, "i-new is no longer in service"),
        ({"targets": (Target("lb", "unhealthy", "500"),)}, "i-new does not serve (unhealthy 500)"),
        ({"targets": (Target("lb", "draining"),)}, "i-new does not serve (draining)"),
        ({"targets": (Target("lb", "unknown"), Target("b", "unhealthy"))}, "i-new does not serve (unknown, unhealthy)"),
        ({"targets": (), "healthy": False}, "i-new does not serve (its own checks fail)"),
    ],
)
def test_worse_when_it_stops_serving(member: dict[str, Any], sentence: str) -> None:
    assert verified(seen(**member)) == ("worse", sentence)


@pytest.mark.parametrize("state", ["initial", "unknown", "unavailable"])
def test_unproven_while_nobody_can_see_whether_it_serves(state: str) -> None:
    blind = seen(targets=(Target("lb", state, "timed out"), Target("b", "healthy")))
    assert verified(blind) == ("unproven", f"i-new does not serve ({state} timed out)")


def test_the_same_when_its_predecessor_breached_that_too_without_being_replaced_for_it() -> None:
    also = [{"rule": "errors", "outcome": "breached"}]
    before = replace(FOR_AGE, facts={**FOR_AGE.facts, "evidence": also})
    assert verified(seen({"errors": signal(3.0)}), before)[0] == "same"
    assert verified(seen({"errors": signal(3.0)}), FOR_AGE)[0] == "worse"


def test_worse_when_it_is_gone() -> None:
    assert verified(snapshot([instance("i-2")])) == ("worse", "i-new is no longer in service")
    nobody = replace(replacement(), successor=None)
    assert verified(seen(), nobody)[0] == "worse"


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
        verification, sentence = verify(sight, replacement(), warm)
        assert verification == expected
        assert expected == "improved" or sentence == "errors: nothing measured since 12:01:00"
    sick_while_it_warmed_up = seen({"errors": signal(1.0, later(59))})
    assert verify(sick_while_it_warmed_up, replacement(), warm)[0] is Verification.UNPROVEN


def test_what_is_unknown_beside_the_cause_does_not_matter() -> None:
    assert verified(seen({"changed": Unknown("no row"), "max_image_age": Unknown("no date")}))[0] == "improved"


def test_a_breach_decides_though_another_cause_is_unknown() -> None:
    both = replacement(causes=("errors", "max_image_age"))
    aged: dict[str, Signal | Unknown] = {"errors": Unknown("no row"), "max_image_age": signal(90 * 86400.0)}
    assert verified(seen(aged), both)[0] == "same"


def test_a_cause_that_nobody_reads_any_more_is_never_proven() -> None:
    verification, sentence = verify(seen(), replacement(causes=("disk",)), policy(*ALL))
    assert (verification, sentence) == (Verification.UNPROVEN, "disk is not read any more")
