"""Two replacements in one group at once, in any order, with crashes, call-offs and policies between: each newcomer is
claimed once, no update is lost, and nothing is left over."""

import asyncio
from copy import copy
from datetime import datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controller.domain.lifecycle import Outcome, Step
from controller.platforms.asg import AsgPlatform
from tests.platforms.conftest import Place
from tests.platforms.driver import POLL, Crashes, Drive, Moment
from tests.platforms.groups import T0, FakeGroup
from tests.platforms.laws import violations

START = 6
SETTINGS = settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MOVES = st.lists(st.sampled_from(["first", "second", "both", "time", "time"]), max_size=30)
CRASHES = st.none() | st.builds(Crashes, st.integers(0, 6), st.sampled_from(Moment))
CALLED_OFF = st.sampled_from([None, None, Step.AWAIT_READY, Step.VERIFY, Step.DRAIN, Step.TERMINATE])


class Pair:
    """Two replacements of members in different zones, one process that drives both, and their group."""

    def __init__(self, place: Place, group: FakeGroup) -> None:
        self.place = place
        self.group = group
        self.now: datetime = T0
        self.moved = 0
        self.drives: list[Drive] = []

    def begin(self, predecessor: str, crashes: Crashes | None = None, called_off: Step | None = None) -> None:
        how = {"crashes": crashes, "fail_before": called_off, "build": self.restart}
        drive = self.place.drive(predecessor, f"r-{len(self.drives)}", **how)
        drive.others = lambda: tuple(one.state for one in self.drives if one is not drive and one.state.open)
        self.drives.append(drive)
        self.restart()

    def restart(self) -> AsgPlatform:
        """A crash takes the whole process: what either of them remembered is gone."""
        fresh = self.place.platform()
        for drive in self.drives:
            drive.platform = fresh
        return fresh

    async def move(self, what: str) -> None:
        match what:
            case "first":
                await self.poll(self.drives[0])
            case "second":
                await self.poll(self.drives[1])
            case "both":
                await asyncio.gather(*map(self.poll, self.drives))
            case "time":
                self.now += POLL
                self.group.advance()
            case "+1" | "-1" if self.group.counted == self.group.desired:
                before = self.group.desired
                self.group.scale(int(what))
                self.moved += self.group.desired - before

    async def poll(self, drive: Drive) -> None:
        if drive.state.open:
            drive.now = self.now
            await drive.poll()
        successors = [one.state.successor for one in self.drives if one.state.successor]
        assert len(successors) == len(set(successors)), "one newcomer, two owners"

    async def play(self, moves: list[str]) -> None:
        """These moves, and then on to the end."""
        await self.make(moves)
        for _ in range(80):
            await self.make(["first", "second", "time"])
            if not any(drive.state.open for drive in self.drives):
                break
        self.group.settle()

    async def make(self, moves: list[str]) -> None:
        for what in moves:
            await self.move(what)

    def check(self) -> None:
        """Both are closed, for a reason that the test gave them, and the group is as big as it should be and whole."""
        for drive in self.drives:
            assert not drive.state.open, (drive.state.phase, drive.waits[-3:])
            assert (drive.state.failure or {}).get("error_type") in (None, "test", "zone", "predecessor_gone")
            kept = drive.state.outcome in (Outcome.FAILED, Outcome.ABORTED)
            assert (drive.state.predecessor in self.group.rows) == kept, drive.state.failure
        assert self.group.desired == self.group.counted == self.group.serving == START + self.moved
        assert not any(row.protected for row in self.group.rows.values())
        assert violations(self.group) == []


@SETTINGS
@given(moves=MOVES, crashes=st.tuples(CRASHES, CRASHES), called_off=st.tuples(CALLED_OFF, CALLED_OFF))
@example(moves=["both", "time", "both"], crashes=(None, None), called_off=(None, None))
@example(moves=["first", "time", "second", "time"], crashes=(None, None), called_off=(None, None))
def test_whatever_the_order_and_whoever_crashes_both_end_and_nothing_is_left_over(
    place: Place,
    moves: list[str],
    crashes: tuple[Crashes | None, Crashes | None],
    called_off: tuple[Step | None, Step | None],
) -> None:
    pair = Pair(place, place.hold(FakeGroup(maximum=20).populate(START)))
    for number in (0, 1):
        pair.begin(f"i-{number}", copy(crashes[number]), called_off[number])
    place.run(pair.play(moves))
    pair.check()


@SETTINGS
@given(moves=st.lists(st.sampled_from(["first", "second", "both", "time", "time", "+1", "-1"]), max_size=40))
def test_a_policy_in_the_middle_gets_what_it_moved(place: Place, moves: list[str]) -> None:
    """It moves when the group has caught up with its last wish; what a scale-in forestalls is another test's."""
    pair = Pair(place, place.hold(FakeGroup(maximum=20).populate(START)))
    pair.begin("i-0")
    pair.begin("i-1")
    place.run(pair.play(moves))
    superseded = {drive.state.predecessor for drive in pair.drives if drive.state.outcome is Outcome.SUPERSEDED}
    assert not superseded & set(pair.group.rows)
    pair.check()


def test_two_that_launch_at_the_same_moment_each_get_one_more(place: Place) -> None:
    pair = Pair(place, place.hold(FakeGroup(maximum=20).populate(START)))
    pair.begin("i-0")
    pair.begin("i-1")
    place.run(pair.play(["both"]))
    assert [drive.state.outcome for drive in pair.drives] == [Outcome.REPLACED, Outcome.REPLACED]
    assert pair.group.born == 2


def test_one_waits_while_the_others_call_is_in_doubt(place: Place) -> None:
    """A daemon crashed in the middle of the first one's call, and a hold keeps the first from being looked at."""
    pair = Pair(place, place.hold(FakeGroup(maximum=20).populate(START)))
    pair.begin("i-0", Crashes(0, Moment.DURING))
    pair.begin("i-1")
    place.run(pair.move("first"))
    pair.group.advance()
    place.run(pair.move("second"))
    assert pair.drives[1].waits == ["whether r-0 changed the capacity of web has to be found out first"]
    assert pair.drives[1].calls == []
    place.run(pair.play(["first"]))
    assert [drive.state.outcome for drive in pair.drives] == [Outcome.REPLACED, Outcome.REPLACED]
    pair.check()


def test_a_read_older_than_our_last_change_is_not_written_back(place: Place) -> None:
    """Auto Scaling's reads are eventually consistent."""
    pair = Pair(place, place.hold(FakeGroup(maximum=20).populate(START)))
    pair.begin("i-0")
    pair.begin("i-1")
    old = pair.group.document()
    place.run(pair.move("first"))
    place.endpoint.old_answers["web"] = old
    place.run(pair.move("second"))
    assert pair.drives[1].waits == ["web does not show a desired capacity of 7 yet"]
    place.endpoint.old_answers.clear()
    place.run(pair.play([]))
    pair.check()
    assert [drive.state.outcome for drive in pair.drives] == [Outcome.REPLACED, Outcome.REPLACED]


def test_what_serves_only_for_the_others_sake_is_not_what_served_before(place: Place) -> None:
    pair = Pair(place, place.hold(FakeGroup(maximum=20).populate(START)))
    pair.begin("i-0")
    pair.begin("i-1")
    place.run(pair.move("first"))
    for _ in range(3):
        pair.group.advance()
        place.run(pair.move("first"))
    pair.group.advance()
    assert pair.group.serving == START + 1
    place.run(pair.move("second"))
    assert pair.drives[1].state.calls[0].arguments["serving"] == START


def test_two_that_look_at_the_same_moment_do_not_take_the_same_newcomer(place: Place) -> None:
    """The first newcomer died unseen, so both wait for the next two; neither's claim is in the journal yet."""
    group = place.hold(FakeGroup(maximum=20, zone_queue=["eu-west-1a"] * 3).populate(START))
    pair = Pair(place, group)
    pair.begin("i-0")
    pair.begin("i-3")
    place.run(pair.make(["first", "time", "second"]))
    group.die("i-new1")
    place.run(pair.play(["time", "both"]))
    assert [drive.state.outcome for drive in pair.drives] == [Outcome.REPLACED, Outcome.REPLACED]
    pair.check()
