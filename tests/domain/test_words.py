from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from controller.domain.words import moment_words, span_words

NOW = datetime(2026, 11, 28, 20, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (90, "1 min 30 s"),
        (600, "10 min"),
        (3601, "1 h"),
        (11_520, "3 h 12 min"),
        (86_400 + 61, "1 d"),
        (183_600, "2 d 3 h"),
    ],
)
def test_a_length_of_time_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span_words(seconds) == words


def test_a_moment_of_the_same_day_needs_no_date() -> None:
    assert moment_words(NOW + timedelta(hours=1), NOW) == "21:30:05 UTC"
    assert moment_words(NOW + timedelta(hours=4), NOW) == "Sun 29 Nov 00:30 UTC"
    assert moment_words(NOW + timedelta(days=400), NOW) == "Sun 2 Jan 2028 20:30 UTC"


def test_another_zone_is_named_and_has_its_own_days() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    at = (NOW + timedelta(hours=1)).astimezone(tokyo)
    assert moment_words(at, NOW.astimezone(tokyo), "Asia/Tokyo") == "06:30:05 Asia/Tokyo"
