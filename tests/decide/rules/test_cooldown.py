from typing import Any

from controller.decide.rules.cooldown import check
from controller.domain.lifecycle import Outcome
from controller.domain.past import History, Past
from controller.domain.policy import Cooldown
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import candidate, later, past, policy, snapshot


def said(*told: Past, **changed: Any) -> Veto | None:
    return check(candidate(), Draft(), snapshot(history=History(past=told)), policy(**changed))


def failed(replacement_id: str = "r-1", **changed: Any) -> Past:
    return past(replacement_id, outcome=Outcome.FAILED, **changed)


def test_after_an_attempt_that_came_to_nothing_it_waits_and_says_for_how_long() -> None:
    reason = (
        "1 attempt to replace it came to nothing, the last r-1 failed: worse at 11:59:00 UTC: waits 10 min after that, "
        "until 12:09:00 UTC; `repave resume web` tries at once"
    )
    assert said(failed()) == Veto("cooldown", reason, Needs.REPAVE, later(540))


def test_each_attempt_in_a_row_doubles_the_wait() -> None:
    veto = said(failed("r-3"), failed("r-2", closed_at=later(-900)), failed("r-1", closed_at=later(-3600)))
    assert veto is not None
    assert veto.clears_at == later(-60 + 2400)
    assert veto.reason.startswith("3 attempts in a row to replace it came to nothing, the last r-3 failed")


def test_the_wait_is_over_at_its_last_moment() -> None:
    assert said(failed(closed_at=later(-599))) is not None
    assert said(failed(closed_at=later(-600))) is None


def test_the_operators_own_base_and_cap_count() -> None:
    veto = said(failed(), failed(), cooldown=Cooldown(base_seconds=90, cap_seconds=100))
    assert veto is not None
    assert veto.clears_at == later(40)


def test_others_attempts_a_success_and_a_resume_leave_nothing_to_wait_for() -> None:
    assert said(failed(predecessor="i-2")) is None
    assert said(past("r-2", predecessor="i-0", successor="i-1"), failed("r-1", predecessor="i-0")) is None
    assert said(failed(forgotten=True)) is None
