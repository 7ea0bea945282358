import pytest

from controller.decide.rules.observe_mode import check_fleet
from controller.domain.policy import Mode
from controller.domain.veto import Needs, Veto
from tests.support.builders import judgement, policy, snapshot


def test_in_mode_observe_nothing_is_replaced() -> None:
    said = Veto("observe_mode", "mode is observe: Repave decides and explains, but does not act", Needs.PERSON)
    assert check_fleet(snapshot(), judgement([]), policy(mode=Mode.OBSERVE)) == said


@pytest.mark.parametrize("mode", [Mode.ASK, Mode.ACT])
def test_other_modes_pass(mode: Mode) -> None:
    assert check_fleet(snapshot(), judgement([]), policy(mode=mode)) is None
