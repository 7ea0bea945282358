"""What one process remembers between calls."""

from dataclasses import replace
from datetime import timedelta

from controller.platforms.asg.ledger import SETTLING, Ledger
from tests.clients.fake_aws import VirtualClock
from tests.platforms.groups import T0
from tests.platforms.test_capacity import member, view


def test_a_read_that_does_not_show_our_last_change_is_an_old_one() -> None:
    ledger, here = Ledger(VirtualClock()), view([member("i-1")], 4)
    assert ledger.unsettled(here, T0) is None
    ledger.expect("web", 5, T0)
    assert ledger.unsettled(here, T0) == "web does not show a desired capacity of 5 yet"
    assert ledger.unsettled(replace(here, desired=5), T0) is None


def test_after_a_while_it_was_somebody_else_who_changed_it() -> None:
    ledger, here = Ledger(VirtualClock()), view([member("i-1")], 4)
    ledger.expect("web", 5, T0)
    assert ledger.unsettled(here, T0 + SETTLING - timedelta(seconds=1)) is not None
    assert ledger.unsettled(here, T0 + SETTLING) is None


def test_a_claim_holds_against_others_until_its_instance_has_left() -> None:
    ledger, here = Ledger(VirtualClock()), view([member("i-1"), member("i-2")])
    ledger.claim("web", "i-2", "r-1")
    assert ledger.claimed_by_others(here, "r-2") == {"i-2"}
    assert ledger.claimed_by_others(here, "r-1") == frozenset()
    assert ledger.claimed_by_others(view([member("i-1")]), "r-2") == frozenset()
    assert ledger.claimed_by_others(here, "r-2") == frozenset()


def test_a_group_has_one_lock() -> None:
    ledger = Ledger(VirtualClock())
    assert ledger.lock("web") is ledger.lock("web")
    assert ledger.lock("web") is not ledger.lock("api")
