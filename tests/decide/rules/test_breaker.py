from controller.decide.rules.breaker import check
from controller.domain.model import Breaker
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import IMAGE_AGE, candidate, evidence, instance, later, policy, snapshot

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
