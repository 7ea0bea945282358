from dataclasses import replace

import pytest

from controller.decide.rules.awaiting_approval import check
from controller.domain.policy import Mode
from controller.domain.request import Request, RequestState
from controller.domain.veto import Needs, Veto
from tests.journal.test_requests import proposal, wish
from tests.support.builders import NOW, candidate, draft, later, policy, snapshot

ASK = policy(mode=Mode.ASK)
YES = replace(proposal(at=NOW), approved_by="ana", approved_at=NOW)


def said(request: Request | None, seconds: float = 0) -> Veto | None:
    return check(replace(candidate(), request=request), draft(), snapshot(now=later(seconds)), ASK)


def test_in_mode_ask_a_person_says_yes_first() -> None:
    reason = "mode is ask: a person has to approve each replacement"
    assert said(None) == Veto("awaiting_approval", reason, Needs.PERSON)


def test_it_names_what_to_say() -> None:
    reason = "mode is ask: `repave approve r-1` lets it go (asked until 2026-11-23 13:00:00 UTC)"
    assert said(proposal(at=NOW)) == Veto("awaiting_approval", reason, Needs.PERSON)


def test_a_yes_lets_it_go_while_it_stands() -> None:
    assert said(YES) is None
    assert said(YES, 3599) is None
    assert said(YES, 3600) is not None
    assert said(replace(YES, ended=RequestState.ABORTED)) is not None


def test_who_asks_has_said_yes() -> None:
    assert said(wish(at=NOW)) is None


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.ACT])
def test_other_modes_pass(mode: Mode) -> None:
    assert check(candidate(), draft(), snapshot(), policy(mode=mode)) is None
