"""The numbers of the floor; how a drain waits on them is in test_looks and test_waits."""

from controller.decide.rules.capacity_floor import check_open
from controller.domain.lifecycle import Phase
from controller.domain.policy import Amount, Limits
from controller.domain.veto import Needs, Veto
from tests.support.builders import group, instance, instances, policy, replacement, snapshot

OURS = replacement(phase=Phase.VERIFIED, verification="improved")
FLEET = (*instances(6), instance("i-new"))


def test_nobody_waits_where_enough_serve() -> None:
    seen = snapshot(FLEET, [group(desired=7)], open_replacements=(OURS,))
    assert check_open(OURS, seen, policy()) is None


def test_the_declared_floor_counts_where_it_is_more() -> None:
    down = instance("i-2", healthy=False)
    seen = snapshot((*FLEET[:1], down, *FLEET[2:]), [group(desired=7)], open_replacements=(OURS,))
    few = replacement(phase=Phase.VERIFIED, verification="improved", facts={"serving": 3})
    assert check_open(few, seen, policy()) is None
    floor = policy(limits=Limits(capacity_floor=Amount(share=0.9)))
    assert check_open(few, seen, floor) == Veto("capacity_floor", "5 would serve without it, 6 have to", Needs.WORLD)


def test_a_predecessor_that_does_not_serve_is_no_loss() -> None:
    seen = snapshot((instance(healthy=False), instance("i-new")), [group(desired=7)], open_replacements=(OURS,))
    assert check_open(OURS, seen, policy()) is None


def test_a_group_that_others_let_grow_has_nobody_to_spare_before_it_has_grown() -> None:
    grows = snapshot(FLEET, [group(desired=8)], open_replacements=(OURS,))
    assert check_open(OURS, grows, policy()) == Veto(
        "capacity_floor", "6 would serve without it, 7 have to", Needs.WORLD
    )
    grown = snapshot((*FLEET, instance("i-8")), [group(desired=8)], open_replacements=(OURS,))
    assert check_open(OURS, grown, policy()) is None
