from datetime import timedelta

import pytest

from controller.decide.outlook import outlook
from controller.domain.verdict import Pending, VerdictKind
from controller.domain.veto import Needs, Veto
from tests.support.builders import NOW, later, veto

AGED = VerdictKind.AGED


def said(*vetoes: Veto, starting: bool = False, under_way: Pending | None = None) -> str:
    return outlook(AGED, vetoes, starting, under_way, NOW)


def test_the_healthy_and_the_starting() -> None:
    assert outlook(VerdictKind.HEALTHY, (), False, None, NOW) == "nothing: no rule condemns it"
    assert said(starting=True) == "its replacement starts now"


def test_what_is_under_way_says_what_it_waits_for_and_until_when() -> None:
    ours = Pending("r-7", "i-1", "i-new is watched", NOW + timedelta(minutes=5))
    assert said(under_way=ours) == "r-7 is under way: i-new is watched; this step ends by 12:05:00 UTC"


@pytest.mark.parametrize(
    ("vetoes", "sentence"),
    [
        (
            [veto("max_in_flight", Needs.REPAVE)],
            "Repave goes on by itself (max_in_flight), and nothing else stands in its way",
        ),
        (
            [veto("window", Needs.WORLD, later(11_520))],
            "it waits until 15:12:00 UTC, in 3 h 12 min (window), and nothing else stands in its way",
        ),
        (
            [veto("cooldown", Needs.REPAVE, later(60)), veto("window", Needs.WORLD, later(600)), veto("protected")],
            "a person has to act (protected); it waits until 12:10:00 UTC, in 10 min (cooldown, window)",
        ),
        (
            [veto("blind", Needs.WORLD), veto("zone", Needs.REPAVE), veto("breaker")],
            "a person has to act (breaker); the world has to change (blind); Repave goes on by itself (zone)",
        ),
    ],
)
def test_who_has_to_act_comes_first_and_time_last(vetoes: list[Veto], sentence: str) -> None:
    assert said(*vetoes) == sentence
