"""Windows in zones whose clocks change, and in one whose clock does not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decide.rules.window import check, opening
from controller.domain.policy import Cause, Window
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.decide.test_plan import DRIFTED, TAMPERED
from tests.support.builders import ERRORS, IMAGE_AGE, candidate, evidence, policy, snapshot

OFFICE = Window("0 9 * * mon-fri", 7 * 3600, "Europe/Paris")
NIGHT = Window("30 2 * * *", 3600, "Europe/Paris")
HOURLY = Window("15 * * * *", 600, "Europe/Paris")
TOKYO = Window("30 2 * * *", 3600, "Asia/Tokyo")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def said(now: str, *windows: Window, condition: object = IMAGE_AGE, urgent: bool = False) -> Veto | None:
    item = evidence(condition, urgent=urgent)  # type: ignore[arg-type]
    return check(candidate(None, item), Draft(), snapshot(now=at(now)), policy(windows=windows or (OFFICE,)))


def test_outside_it_says_in_words_when_it_opens() -> None:
    veto = said("2026-11-30T05:48:00+01:00")
    reason = (
        "outside its windows: opens 09:00:00 Europe/Paris (in 3 h 12 min), for 7 h (At 09:00 on Monday through Friday)"
    )
    assert veto == Veto("window", reason, Needs.WORLD, at("2026-11-30T09:00:00+01:00"))
    weekend = said("2026-11-28T20:00:00+01:00")
    assert weekend is not None
    assert "opens Mon 30 Nov 09:00 Europe/Paris (in 1 d 13 h), for 7 h" in weekend.reason


def test_none_declared_is_any_time() -> None:
    everywhere = candidate(None, evidence(IMAGE_AGE))
    assert check(everywhere, Draft(), snapshot(), policy()) is None


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-11-30T08:59:59.999999+01:00", False),
        ("2026-11-30T09:00:00+01:00", True),
        ("2026-11-30T15:59:59.999999+01:00", True),
        ("2026-11-30T16:00:00+01:00", False),
        ("2026-11-28T12:00:00+01:00", False),
    ],
)
def test_it_is_open_from_its_first_moment_to_its_last(now: str, is_open: bool) -> None:
    assert (said(now) is None) is is_open


def test_one_open_window_of_several_is_enough_and_the_first_to_open_is_told() -> None:
    assert said("2026-11-29T02:45:00+01:00", OFFICE, NIGHT) is None
    veto = said("2026-11-29T04:00:00+01:00", OFFICE, NIGHT)
    assert veto is not None
    assert veto.clears_at == at("2026-11-30T02:30:00+01:00")


def test_day_one_of_the_week_is_monday() -> None:
    monday = opening(Window("0 9 * * 1", 60, "Europe/Paris"), at("2026-11-28T12:00:00+01:00"))
    assert monday == at("2026-11-30T09:00:00+01:00")
    assert f"{monday:%A}" == "Monday"


@pytest.mark.parametrize("condition", [ERRORS, TAMPERED])
def test_the_degraded_and_the_tampered_do_not_wait(condition: object) -> None:
    assert said("2026-11-28T12:00:00+01:00", condition=condition) is None


def test_the_drifted_wait_and_what_is_urgent_does_not() -> None:
    assert said("2026-11-28T12:00:00+01:00", condition=DRIFTED) is not None
    assert said("2026-11-28T12:00:00+01:00", condition=DRIFTED, urgent=True) is None
    assert IMAGE_AGE.cause is Cause.AGED


# In Paris, 2026-03-29 02:00 becomes 03:00, and 2026-10-25 03:00 becomes 02:00.


@pytest.mark.parametrize(
    ("window", "now", "opens_at"),
    [
        # Spring: 02:30 does not exist; it opens when the clock has been put forward, once.
        (NIGHT, "2026-03-29T01:59:00+01:00", "2026-03-29T03:00:00+02:00"),
        (NIGHT, "2026-03-29T04:00:00+02:00", "2026-03-30T02:30:00+02:00"),
        (HOURLY, "2026-03-29T01:30:00+01:00", "2026-03-29T03:15:00+02:00"),
        # Autumn: 02:30 comes twice; it opens at the first.
        (NIGHT, "2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00"),
        (NIGHT, "2026-10-25T02:45:00+01:00", "2026-10-26T02:30:00+01:00"),
        (HOURLY, "2026-10-25T02:30:00+02:00", "2026-10-25T02:15:00+01:00"),
        # The hours around a change are as long as ever.
        (OFFICE, "2026-03-29T12:00:00+02:00", "2026-03-30T09:00:00+02:00"),
        (OFFICE, "2026-10-25T12:00:00+01:00", "2026-10-26T09:00:00+01:00"),
        # Tokyo's clock never changes.
        (TOKYO, "2026-03-29T01:59:00+09:00", "2026-03-29T02:30:00+09:00"),
        (TOKYO, "2026-10-25T04:00:00+09:00", "2026-10-26T02:30:00+09:00"),
    ],
)
def test_both_changes_of_the_clock(window: Window, now: str, opens_at: str) -> None:
    assert opening(window, at(now)) == at(opens_at)


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-03-29T03:00:00+02:00", True),
        ("2026-03-29T03:59:59+02:00", True),
        ("2026-03-29T04:00:00+02:00", False),
        ("2026-10-25T02:29:59+02:00", False),
        ("2026-10-25T02:30:00+02:00", True),
        ("2026-10-25T02:29:59+01:00", True),
        ("2026-10-25T02:30:00+01:00", False),
        ("2026-10-25T02:59:00+01:00", False),
    ],
)
def test_a_window_over_a_change_lasts_its_real_time(now: str, is_open: bool) -> None:
    assert (said(now, NIGHT) is None) is is_open


def test_a_window_that_never_opens_again_needs_a_person() -> None:
    never = Window("0 0 29 2 mon#1", 60)  # no first Monday is a 29th, but a 29th of February is enough
    assert opening(never, at("2026-11-28T12:00:00+01:00")) is not None


MOMENTS = st.integers(0, 3 * 365 * 86_400).map(lambda seconds: at("2026-01-01T00:00:00Z") + timedelta(seconds=seconds))


@given(MOMENTS, st.sampled_from([OFFICE, NIGHT, HOURLY, TOKYO, Window("*/20 1-3 * * *", 900, "Australia/Lord_Howe")]))
def test_it_opens_where_its_cron_says_and_never_closed_before_it_was_asked(now: datetime, window: Window) -> None:
    found = opening(window, now)
    assert found is not None
    assert found > now - timedelta(seconds=window.for_seconds)
    local = found.astimezone(ZoneInfo(window.timezone))
    minutes = {"15": {15}, "*/20": {0, 20, 40}, "30": {30}, "0": {0}}[window.cron.split()[0]]
    skipped = local.minute == 0 and local.hour == 3
    assert local.minute in minutes or skipped
    assert opening(window, found) == found, "at the moment of its opening it is open"
