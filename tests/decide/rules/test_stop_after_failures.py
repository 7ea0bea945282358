import pytest

from controller.decide.rules.stop_after_failures import check_fleet
from controller.domain.past import History
from controller.domain.veto import Needs, Veto
from tests.support.builders import judgement, policy, snapshot


def said(here: int, everywhere: int) -> Veto | None:
    history = History(failures_in_a_row=here, failures_in_a_row_everywhere=everywhere)
    return check_fleet(snapshot(history=history), judgement([]), policy())


@pytest.mark.parametrize(
    ("here", "everywhere", "sentence"),
    [
        (3, 3, "3 replacements in a row failed in this fleet (limit 3); `repave resume` starts again"),
        (4, 5, "4 replacements in a row failed in this fleet (limit 3); `repave resume` starts again"),
        (1, 3, "3 replacements in a row failed over all fleets (limit 3); `repave resume` starts again"),
    ],
)
def test_failures_in_a_row_stop_everything(here: int, everywhere: int, sentence: str) -> None:
    assert said(here, everywhere) == Veto("stop_after_failures", sentence, Needs.PERSON)


def test_fewer_do_not() -> None:
    assert said(2, 2) is None
