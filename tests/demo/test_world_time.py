"""The world's time stands still when told to, is moved on by hand, and never goes back."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.demo import wall
from controller.demo.world.world_time import WorldTime

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """A wall clock that the test moves by hand: the last entry is the time of day."""
    times = [NOON]
    monkeypatch.setattr(wall, "now", lambda: times[-1])
    return times


def test_it_is_the_wall_clocks_time_and_what_was_added(hand: list[datetime]) -> None:
    time = WorldTime()
    assert time.now() == NOON
    time.advance(90)
    hand.append(NOON + timedelta(seconds=5))
    assert time.now() == NOON + timedelta(seconds=95)


def test_frozen_it_moves_by_hand_alone_and_thawed_it_goes_on_from_there(hand: list[datetime]) -> None:
    time = WorldTime()
    time.freeze()
    hand.append(NOON + timedelta(hours=1))
    assert time.now() == NOON
    time.advance(30)
    assert time.now() == NOON + timedelta(seconds=30)
    time.thaw()
    assert time.now() == NOON + timedelta(seconds=30)
    hand.append(NOON + timedelta(hours=1, seconds=2))
    assert time.now() == NOON + timedelta(seconds=32)
    time.thaw()
    assert time.now() == NOON + timedelta(seconds=32)


def test_a_world_with_a_calendar_of_its_own_begins_there_and_stands_still(hand: list[datetime]) -> None:
    time = WorldTime(NOON + timedelta(days=300))
    hand.append(NOON + timedelta(hours=1))
    assert time.now() == NOON + timedelta(days=300)
    time.advance(5)
    assert time.now() == NOON + timedelta(days=300, seconds=5)
