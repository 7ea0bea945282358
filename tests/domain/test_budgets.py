"""The wait after attempts that came to nothing."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.budgets import backoff_seconds, cooldown_veto
from controller.domain.lifecycle import Outcome
from controller.domain.policy import Cooldown
from tests.support.builders import NOW, past

COOLDOWNS = st.builds(lambda base, more: Cooldown(base, base + more), st.floats(0.001, 1e6), st.floats(0, 1e8))
ATTEMPTS = st.integers(1, 10_000)


@given(ATTEMPTS, COOLDOWNS)
def test_another_attempt_never_shortens_the_wait(attempts: int, cooldown: Cooldown) -> None:
    assert backoff_seconds(attempts + 1, cooldown) >= backoff_seconds(attempts, cooldown)


@given(ATTEMPTS, COOLDOWNS)
def test_it_is_never_shorter_than_the_base_nor_longer_than_the_cap(attempts: int, cooldown: Cooldown) -> None:
    assert cooldown.base_seconds <= backoff_seconds(attempts, cooldown) <= cooldown.cap_seconds


@given(st.integers(1, 30), COOLDOWNS)
def test_below_the_cap_it_doubles(attempts: int, cooldown: Cooldown) -> None:
    wait = backoff_seconds(attempts + 1, cooldown)
    assert wait == min(2 * backoff_seconds(attempts, cooldown), cooldown.cap_seconds)


def test_without_an_attempt_there_is_no_wait() -> None:
    assert backoff_seconds(0, Cooldown()) == 0.0
    assert [backoff_seconds(n, Cooldown()) / 60 for n in range(1, 9)] == [10, 20, 40, 80, 160, 320, 360, 360]


OUTCOMES = st.lists(st.sampled_from([Outcome.FAILED, Outcome.ABORTED, Outcome.REPLACED]), max_size=12)


@given(OUTCOMES, COOLDOWNS)
def test_a_success_starts_the_row_anew(newest_first: list[Outcome], cooldown: Cooldown) -> None:
    told = tuple(past(f"r-{n}", outcome=outcome, closed_at=NOW) for n, outcome in enumerate(newest_first))
    since = newest_first.index(Outcome.REPLACED) if Outcome.REPLACED in newest_first else len(newest_first)
    veto = cooldown_veto(told, "web", "i-1", cooldown, NOW)
    assert (veto is None) == (since == 0)
    if veto:
        assert veto.clears_at == NOW + timedelta(seconds=backoff_seconds(since, cooldown))
