"""Amounts and thresholds: which way they round, and what counts as a breach."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.policy import Above, Amount, AnyOf, Below, Threshold

TOTALS = st.integers(0, 10_000)
PERCENTS = st.integers(1, 100)


@settings(deadline=None)
@given(PERCENTS, TOTALS)
def test_a_share_as_a_limit_rounds_down_but_to_at_least_one(percent: int, total: int) -> None:
    assert Amount(share=percent / 100).at_most(total) == max(1, percent * total // 100)


@settings(deadline=None)
@given(PERCENTS, TOTALS)
def test_a_share_as_a_floor_rounds_up(percent: int, total: int) -> None:
    assert Amount(share=percent / 100).at_least(total) == -(-percent * total // 100)


@settings(deadline=None)
@given(st.integers(0, 10_000), TOTALS)
def test_a_count_is_that_count(count: int, total: int) -> None:
    assert Amount(count=count).at_most(total) == Amount(count=count).at_least(total) == count


def test_shares_are_exact_where_floats_are_not() -> None:
    """0.29 * 100 is 28.999999999999996, and 0.07 * 100 is 7.000000000000001."""
    assert Amount(share=0.29).at_most(100) == 29
    assert Amount(share=0.07).at_least(100) == 7


def test_amounts_read_as_they_were_written() -> None:
    assert [str(Amount(count=2)), str(Amount(share=0.1)), str(Amount(share=0.125))] == ["2", "10%", "12.5%"]


@pytest.mark.parametrize(
    ("threshold", "bad", "fine"),
    [
        (Above(90), [90.1, float("inf")], [90.0, 0.0, float("nan"), "91", "impaired"]),
        (Below(10), [9.9, -1.0], [10.0, 50.0, float("nan"), "9"]),
        (AnyOf(("impaired", "stopped")), ["impaired", "stopped"], ["ok", "", "Impaired", 1.0]),
    ],
)
def test_what_breaches(threshold: Threshold, bad: list[float | str], fine: list[float | str]) -> None:
    assert [threshold.breached(value) for value in bad] == [True] * len(bad)
    assert [threshold.breached(value) for value in fine] == [False] * len(fine)


def test_thresholds_read_as_a_person_would_say_them() -> None:
    assert [str(Above(90)), str(Below(0.5)), str(AnyOf(("impaired", "stopped")))] == [
        "above 90",
        "below 0.5",
        "impaired or stopped",
    ]
    assert str(Above(2592000.0)) == "above 2592000"
