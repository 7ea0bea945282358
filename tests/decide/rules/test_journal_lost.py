from controller.decide.rules.journal_lost import check_fleet
from controller.domain.veto import Needs, Veto
from tests.support.builders import judgement, later, policy, snapshot


def test_without_the_journal_nothing_is_begun() -> None:
    told = "journal unreachable since 11:59:00 UTC: watching only"
    seen = snapshot(journal_lost_since=later(-60))
    assert check_fleet(seen, judgement([]), policy()) == Veto("journal_lost", told, Needs.WORLD)


def test_with_it_it_says_nothing() -> None:
    assert check_fleet(snapshot(), judgement([]), policy()) is None
