"""The arithmetic of law 5 and of zones, as properties."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from controller.platforms.asg.capacity import loss, misplaced, spread
from controller.platforms.asg.group import GroupView, Member
from tests.platforms.driver import accepted

ZONES = ("a", "b", "c")


def member(instance_id: str, zone: str = "a", lifecycle: str = "InService") -> Member:
    return Member(instance_id, zone, lifecycle, healthy=True, protected=False, instance_type="t3.micro")


def view(members: list[Member], desired: int | None = None) -> GroupView:
    size = len(members) if desired is None else desired
    return GroupView("web", "", size, 0, 99, ZONES, tuple(members))


@given(
    serving=st.sets(st.integers(0, 20)), leaver=st.integers(0, 20), before=st.integers(0, 20), wish=st.integers(0, 22)
)
def test_whoever_may_leave_leaves_enough_behind(serving: set[int], leaver: int, before: int, wish: int) -> None:
    ids = {f"i-{number}" for number in serving}
    refused = loss(view([], wish), ids, f"i-{leaver}", before)
    left = len(ids - {f"i-{leaver}"})
    assert (refused is None) == (f"i-{leaver}" not in ids or left >= min(before, wish - 1))


def test_the_refusal_says_its_numbers() -> None:
    assert loss(view([], 4), {"i-1", "i-2", "i-3"}, "i-3", 3) == "without i-3, 2 would serve where 3 have to"


@given(st.lists(st.sampled_from(ZONES), max_size=12))
def test_the_spread_is_the_distance_between_the_fullest_and_the_emptiest_zone(zones: list[str]) -> None:
    members = [member(f"i-{number}", zone) for number, zone in enumerate(zones)]
    counts = [zones.count(zone) for zone in ZONES]
    assert spread(view(members), ()) == max(counts) - min(counts)


def test_the_spread_ignores_who_leaves() -> None:
    members = [member("i-1"), member("i-2", "b"), member("i-3", "c"), member("i-4", "c", "Terminating:Wait")]
    assert spread(view(members), ()) == 0


@given(st.lists(st.sampled_from(ZONES), min_size=1, max_size=12), st.sampled_from(ZONES))
def test_a_newcomer_that_is_kept_leaves_the_zones_level_or_more_level_than_they_were(
    zones: list[str], landed: str
) -> None:
    old = [member(f"i-{number}", zone) for number, zone in enumerate(zones)]
    newcomer = member("i-new", landed)
    ours = accepted("r-1", "i-0", zones[0])
    kept = misplaced(view([*old, newcomer]), ours, newcomer, ()) is None
    before, after = spread(view(old), ()), spread(view([*old[1:], newcomer]), ())
    assert kept == (landed == zones[0] or after <= 1 or after < before)


def test_a_predecessor_whose_successor_is_there_already_does_not_count() -> None:
    zones = ("a", "a", "b", "b", "c")
    old = [member(f"i-{number}", zone) for number, zone in enumerate(zones)]
    newcomer = member("i-new", "b")
    ours, other = accepted("r-1", "i-0", "a"), accepted("r-2", "i-2", "b")
    here = view([*old, newcomer, member("i-other", "c")])
    refused = misplaced(here, ours, newcomer, (other,))
    assert refused == "i-new came up in b, not in a: zones would end 2 apart"
    assert misplaced(here, ours, newcomer, (replace(other, successor="i-other"),)) is None


def test_where_nobody_evens_the_zones_out_a_newcomer_may_be_anywhere() -> None:
    zones = ("a", "a", "b", "b", "c")
    old = [member(f"i-{number}", zone) for number, zone in enumerate(zones)]
    newcomer, ours = member("i-new", "b"), accepted("r-1", "i-0", "a")
    suspended = {"SuspendedProcesses": [{"ProcessName": "AZRebalance"}]}
    here = view([*old, newcomer, member("i-other", "b")])
    assert misplaced(here, ours, newcomer, ()) is not None
    assert misplaced(replace(here, document=suspended), ours, newcomer, ()) is None
