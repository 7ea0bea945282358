"""What a policy comes to in a fleet of the present size."""

import pytest

from controller.decide.notes import notes_of
from controller.domain.policy import Amount, Limits, Policy, StopWhen
from tests.support.builders import instances, policy, snapshot


def notes(count: int, by: Policy | None = None) -> list[str]:
    return list(notes_of(snapshot(instances(count)), by or policy()))


def test_a_fleet_of_some_size_with_the_defaults_is_what_it_says() -> None:
    assert notes(2) == []
    assert notes(12) == []
    assert notes(0) == []


@pytest.mark.parametrize(("count", "told"), [(9, True), (10, False)])
def test_a_share_of_a_tiny_fleet_comes_to_one(count: int, told: bool) -> None:
    by = policy(limits=Limits(max_in_flight=Amount(share=0.1)))
    assert notes(count, by) == (["max_in_flight of 10% is less than one of 9 instances: it comes to 1"] if told else [])


def test_a_floor_of_everything() -> None:
    by = policy(limits=Limits(capacity_floor=Amount(share=0.9)))
    (told,) = notes(6, by)
    assert told == "capacity_floor of 90% is all 6 instances: each waits for a successor that serves"
    assert notes(10, by) == []


def test_a_share_that_can_never_be_exceeded() -> None:
    (told,) = notes(1)
    assert told == (
        "degraded_over, tampered_over, blind_over can never be exceeded (it takes 2 instances): "
        "no trouble is ever the fleet's"
    )
    (told,) = notes(6, policy(stop_when=StopWhen(degraded_over=1.0)))
    assert told.startswith("degraded_over can never be exceeded (there is no more than all of them)")
