"""Sharing fleets: even, with as little moving as possible, and never back and forth."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decide.shares import Roll, meant_for, moves, to_hand_over, to_take
from controller.domain.ports import Lease, Presence
from tests.support.builders import NOW

TTL = 30.0
LONG_THERE = NOW - timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=20_000)

fleets_of = st.integers(1, 30).map(lambda count: [f"fleet-{number}" for number in range(count)])
daemons_of = st.integers(1, 8).map(lambda count: [f"host-{number}/d" for number in range(count)])


def there(owner: str, fleets: Collection[str], seconds: float = 3600) -> Presence:
    return Presence(owner, frozenset(fleets), NOW - timedelta(seconds=seconds), NOW + timedelta(seconds=10))


def lease(fleet: str, owner: str, left_seconds: float = 20) -> Lease:
    return Lease(fleet, owner, 1, NOW + timedelta(seconds=left_seconds))


@dataclass
class House:
    """Daemons, fleets and leases, and rounds in which every daemon decides by what it sees. busy: fleets with something
    under way. handed_over: how many fleets were given up by somebody who was there."""

    fleets: list[str]
    present: list[Presence] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    handed_over: int = 0

    def roll(self) -> Roll:
        return Roll(NOW, TTL, self.present, [lease(fleet, owner) for fleet, owner in self.held.items()])

    def round(self, *, seen_by_all: bool = True) -> None:
        """Every daemon gives and takes: by the same look, or each by a look of its own."""
        same = self.roll()
        for one in self.present:
            given = to_hand_over(same if seen_by_all else self.roll(), one.owner, set(self.fleets) - self.busy)
            self.handed_over += len(given)
            for fleet in given:
                assert self.held.pop(fleet) == one.owner
        same = self.roll()
        for one in self.present:
            for fleet in to_take(same if seen_by_all else self.roll(), one.owner):
                self.held.setdefault(fleet, one.owner)

    def settle(self, *, seen_by_all: bool = True) -> None:
        for _ in range(len(self.fleets) + 2):
            self.round(seen_by_all=seen_by_all)

    def come(self, owner: str, seconds: float = 3600) -> None:
        self.present.append(there(owner, self.fleets, seconds))

    def go(self, owner: str) -> None:
        self.present = [one for one in self.present if one.owner != owner]
        self.held = {fleet: holder for fleet, holder in self.held.items() if holder != owner}

    def loads(self) -> list[int]:
        counts = Counter(self.held.values())
        return sorted(counts[one.owner] for one in self.present)


@given(fleets_of, daemons_of, st.booleans())
def test_every_fleet_is_taken_once_and_nobody_has_two_more_than_another(
    fleets: list[str], daemons: list[str], seen_by_all: bool
) -> None:
    house = House(fleets)
    for owner in daemons:
        house.come(owner)
    house.round(seen_by_all=seen_by_all)
    assert house.held.keys() == set(fleets)
    house.settle(seen_by_all=seen_by_all)
    assert house.loads()[-1] - house.loads()[0] <= 1
    assert house.handed_over == 0, "what is shared well from the beginning does not move"


@given(fleets_of, daemons_of, st.booleans())
@settings(deadline=None)
def test_who_comes_gets_its_share_and_no_more_than_that_moves(
    fleets: list[str], daemons: list[str], seen_by_all: bool
) -> None:
    house = House(fleets)
    for owner in daemons:
        house.come(owner)
    house.settle()
    house.come("newcomer/d")
    house.settle(seen_by_all=seen_by_all)
    share = len(fleets) / (len(daemons) + 1)
    assert house.loads()[-1] - house.loads()[0] <= 1
    assert house.handed_over <= ceil(share)


@given(fleets_of, daemons_of, st.data())
@settings(deadline=None)
def test_who_goes_leaves_its_fleets_and_no_other_moves(
    fleets: list[str], daemons: list[str], data: st.DataObject
) -> None:
    house = House(fleets)
    for owner in (*daemons, "steady/d"):
        house.come(owner)
    house.settle()
    gone = data.draw(st.sampled_from(daemons))
    kept = {fleet: owner for fleet, owner in house.held.items() if owner != gone}
    house.go(gone)
    house.settle()
    assert kept.items() <= house.held.items()
    assert house.held.keys() == set(fleets)
    assert house.loads()[-1] - house.loads()[0] <= 1
    assert house.handed_over == 0


@given(fleets_of, daemons_of, st.data())
@settings(deadline=None)
def test_from_whatever_there_is_it_comes_to_rest_and_stays_there(
    fleets: list[str], daemons: list[str], data: st.DataObject
) -> None:
    """Daemons of different configurations, fleets held anyhow, some of them busy, some daemons new: no flapping."""
    house = House(fleets)
    for owner in daemons:
        known = data.draw(st.sets(st.sampled_from(fleets)))
        house.present.append(there(owner, known, data.draw(st.sampled_from((1.0, 59.0, 61.0, 3600.0)))))
    for fleet in data.draw(st.sets(st.sampled_from(fleets))):
        house.held[fleet] = data.draw(st.sampled_from(daemons))
    house.busy = data.draw(st.sets(st.sampled_from(fleets)))
    busy = {fleet: owner for fleet, owner in house.held.items() if fleet in house.busy}
    for _ in range(len(fleets) * len(daemons) + 2):
        house.round()
    rest, handed_over = dict(house.held), house.handed_over
    for _ in range(5):
        house.round()
    assert (house.held, house.handed_over) == (rest, handed_over)
    assert busy.items() <= house.held.items(), "nothing is given up while something is under way"


@given(fleets_of, daemons_of)
def test_all_who_see_the_same_decide_the_same(fleets: list[str], daemons: list[str]) -> None:
    house = House(fleets)
    for owner in daemons:
        house.come(owner)
    taken = [to_take(house.roll(), owner) for owner in daemons]
    assert Counter(fleet for mine in taken for fleet in mine) == Counter(fleets)


def test_one_that_is_new_is_given_nothing_until_it_has_been_there_for_a_while() -> None:
    """A daemon that starts, fails and starts again would otherwise move fleets for ever."""
    house = House(["a", "b", "c", "d"], held=dict.fromkeys("abcd", "old/d"))
    house.come("old/d")
    house.come("new/d", seconds=59)
    house.settle()
    assert house.loads() == [0, 4]
    house.present[1] = there("new/d", house.fleets, seconds=60)
    house.settle()
    assert house.loads() == [2, 2]


def test_but_what_is_free_it_takes_at_once() -> None:
    house = House(["a", "b"])
    house.come("new/d", seconds=0)
    house.round()
    assert house.held == {"a": "new/d", "b": "new/d"}


def test_what_nobody_takes_anybody_takes_after_the_life_of_a_lease() -> None:
    """Whoever it was meant for is there, and does not come to it."""
    present = [there("able/d", {"web"}), there("stuck/d", {"web"})]
    roll = Roll(NOW, TTL, present, [])
    (first,) = set(meant_for(roll).values())
    (other,) = {"able/d", "stuck/d"} - {first}
    assert to_take(roll, first) == {"web"}
    assert to_take(roll, other) == frozenset()
    waited = replace(roll, free_since={"web": NOW - timedelta(seconds=29.9)})
    assert to_take(waited, other) == frozenset()
    assert to_take(replace(roll, free_since={"web": NOW - timedelta(seconds=30)}), other) == {"web"}


def test_a_lease_that_ran_out_or_was_released_is_free() -> None:
    present = [there("d-1", {"web", "api", "jobs"})]
    leases = [lease("web", "dead", 0), Lease("api", "left", 3, LONG_AGO), lease("jobs", "other", 0.1)]
    assert to_take(Roll(NOW, TTL, present, leases), "d-1") == {"web", "api"}


def test_a_fleet_goes_only_to_who_has_it_in_its_configuration() -> None:
    house = House(["a", "b", "c"], held=dict.fromkeys("abc", "old/d"))
    house.present = [there("old/d", "abc"), there("new/d", "c")]
    house.settle()
    assert house.held == {"a": "old/d", "b": "old/d", "c": "new/d"}


def test_a_holder_that_is_not_there_keeps_what_it_has() -> None:
    """Its lease says that it acts, whatever became of its word that it is there."""
    roll = Roll(NOW, TTL, [there("d-2", {"web"})], [lease("web", "d-1")])
    assert to_take(roll, "d-2") == frozenset()
    assert list(moves(roll)) == []


def test_nobody_gives_on_the_strength_of_what_it_is_about_to_get() -> None:
    """What it is meant to get is busy elsewhere, perhaps for hours: it would give one up, take it again, and so on."""
    house = House(["a", "b", "c", "d"], held={"a": "full/d", "c": "full/d", "d": "full/d", "b": "one/d"})
    house.present = [there("full/d", "acd"), there("one/d", "ab"), there("none/d", "b")]
    house.busy = {"a"}
    for _ in range(6):
        house.round()
    assert (house.held["b"], house.handed_over) == ("one/d", 0)
