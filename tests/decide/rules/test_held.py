import pytest

from controller.decide.rules.held import RULE, check
from controller.domain.model import Hold
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.decide.rules.said_by_platform import passes_on
from tests.support.builders import candidate, instance, later, policy, snapshot


@pytest.mark.parametrize("scope", ["all", "fleet:web", "instance:i-1"])
def test_a_hold_over_it_stops_it(scope: str) -> None:
    hold = Hold(scope, "lunch", "ann", later(-60))
    veto = check(candidate(), Draft(), snapshot(holds=(hold,)), policy())
    assert veto == Veto("held", f"{scope} held by ann until resumed: lunch", Needs.PERSON)


def test_a_hold_that_expires_says_when() -> None:
    hold = Hold("all", "lunch", "ann", later(-60), later(3600))
    veto = check(candidate(), Draft(), snapshot(holds=(hold,)), policy())
    sentence = "all held by ann until 2026-11-23 13:00:00 UTC: lunch"
    assert veto == Veto("held", sentence, Needs.PERSON, later(3600))


def test_of_several_holds_the_one_that_lasts_longest_is_told() -> None:
    soon = Hold("all", "lunch", "ann", later(-60), later(60))
    forever = Hold("fleet:web", "release", "bob", later(-30))
    veto = check(candidate(), Draft(), snapshot(holds=(soon, forever)), policy())
    assert veto == Veto("held", "fleet:web held by bob until resumed: release", Needs.PERSON)


@pytest.mark.parametrize("scope", ["fleet:api", "instance:i-2", "web"])
def test_a_hold_over_others_does_not(scope: str) -> None:
    hold = Hold(scope, "lunch", "ann", later(-60))
    assert check(candidate(), Draft(), snapshot(holds=(hold,)), policy()) is None


def test_it_passes_on_what_the_platform_says() -> None:
    passes_on(RULE)


def test_of_a_hold_that_expires_and_a_tag_the_tag_lasts_longer() -> None:
    tag = Veto("held", "i-1 bears the tag repave:hold", Needs.PERSON)
    tagged = candidate(instance(vetoes=(tag,)))
    soon, forever = Hold("all", "lunch", "ann", later(-60), later(60)), Hold("all", "release", "bob", later(-30))
    assert check(tagged, Draft(), snapshot(holds=(soon,)), policy()) == tag
    veto = check(tagged, Draft(), snapshot(holds=(soon, forever)), policy())
    assert veto == Veto("held", "all held by bob until resumed: release", Needs.PERSON)
