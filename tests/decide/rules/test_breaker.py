from dataclasses import replace
from typing import Any

from controller.decide.rules.breaker import check
from controller.domain.model import Breaker, Instance
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import (
    IMAGE_AGE,
    candidate,
    draft,
    evidence,
    instance,
    instances,
    later,
    policy,
    replacement,
    snapshot,
)

OPENED = Breaker("web", "errors", "r-7: errors is 1.0 (above 0.5) on i-9", later(-90))


def test_a_cause_that_replacing_did_not_cure_is_not_tried_again() -> None:
    sentence = "breaker for `errors` open since 2026-11-23 11:58:30 UTC: r-7: errors is 1.0 (above 0.5) on i-9"
    veto = check(candidate(), Draft(), snapshot(breakers=(OPENED,)), policy())
    assert veto == Veto("breaker", sentence, Needs.PERSON)


def test_any_of_its_findings_is_enough() -> None:
    both = candidate(instance(), evidence(IMAGE_AGE), evidence())
    assert check(both, Draft(), snapshot(breakers=(OPENED,)), policy()) is not None


def test_another_cause_and_a_mere_reading_pass() -> None:
    aged = candidate(instance(), evidence(IMAGE_AGE), evidence(found=False))
    assert check(aged, Draft(), snapshot(breakers=(OPENED,)), policy()) is None
    assert check(candidate(), Draft(), snapshot(), policy()) is None


# Half-open: a launch would use another image (ami-new) than the one that failed.

HALF_OPEN = replace(OPENED, image_id="ami-bad")


def half(*members: Instance, chosen: Draft | None = None, **seen: Any) -> Veto | None:
    sight = snapshot(members, breakers=(HALF_OPEN,), **seen)
    return check(candidate(instance("i-1")), chosen or Draft(), sight, policy())


def test_one_may_try_another_image() -> None:
    assert half(*instances(2)) is None
    still_bad = replace(HALF_OPEN, image_id="ami-new")
    veto = check(candidate(), Draft(), snapshot(instances(2), breakers=(still_bad,)), policy())
    assert veto is not None
    assert veto.needs is Needs.PERSON


def test_the_others_wait_for_the_one_that_tries() -> None:
    under_way = half(*instances(2), open_replacements=(replacement("r-9"),))
    assert under_way is not None
    assert under_way.reason.endswith("; r-9 tries a new image first")
    assert under_way.needs is Needs.REPAVE
    chosen = half(*instances(2), chosen=draft(instance("i-2")))
    assert chosen is not None
    assert chosen.reason.endswith("; one for i-2 tries a new image first")
    assert half(*instances(2), open_replacements=(replacement(causes=("max_image_age",)),)) is None


def test_of_two_causes_the_one_whose_breaker_is_shut_tight_is_told() -> None:
    shut = replace(OPENED, cause="max_image_age")
    both = candidate(instance(), evidence(IMAGE_AGE), evidence())
    veto = check(both, Draft(), snapshot(instances(2), breakers=(HALF_OPEN, shut)), policy())
    assert veto is not None
    assert "`max_image_age`" in veto.reason
