import pytest

from controller.decide.rules.awaiting_approval import check_fleet
from controller.domain.policy import Mode
from controller.domain.veto import Needs, Veto
from tests.support.builders import judgement, policy, snapshot


def test_in_mode_ask_a_person_says_yes_first() -> None:
    said = Veto("awaiting_approval", "mode is ask: a person has to approve each replacement", Needs.PERSON)
    assert check_fleet(snapshot(), judgement([]), policy(mode=Mode.ASK)) == said


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.ACT])
def test_other_modes_pass(mode: Mode) -> None:
    assert check_fleet(snapshot(), judgement([]), policy(mode=mode)) is None
