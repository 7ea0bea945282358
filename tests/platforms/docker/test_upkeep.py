"""At each tick the balancer is put right, and what was kept aside for a time goes; nothing else is touched."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.lifecycle import Phase
from controller.domain.ports import Refused, Upkeep
from controller.domain.replacement import Replacement
from controller.platforms.docker import DockerPlatform
from controller.platforms.docker.quarantine import name_aside, parse
from tests.platforms.docker.place import ID, Place


class Gate:
    """Lets everything pass, and notes it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def __call__(self, call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[Any]]) -> Any:
        self.calls.append(call)
        return await perform()


def tend(place: Place, *opened: Replacement, platform: DockerPlatform | None = None) -> tuple[tuple[str, ...], Gate]:
    gate = Gate()
    work = Upkeep(opened, gate, place.engine.now)
    return place.run((platform or place.platform()).upkeep(work)), gate


def test_nothing_is_done_where_all_is_as_it_should_be(place: Place) -> None:
    place.hold()
    said, gate = tend(place)
    assert (said, gate.calls) == ((), [])
    assert place.engine.changes == []


def test_a_balancer_that_forgot_its_servers_is_told_again(place: Place) -> None:
    place.hold()
    del place.balancer.states["web-2"]
    said, _ = tend(place)
    assert said == ("web-2 is back",)
    assert place.balancer.states["web-2"] == "initial"


@pytest.mark.parametrize(
    ("phase", "busy"),
    [
        (Phase.AWAITING_READY, {"successor"}),
        (Phase.READY, set()),
        (Phase.DRAINING, {"predecessor"}),
        (Phase.DRAINED, {"predecessor"}),
        (Phase.UNDOING, {"successor", "predecessor"}),
    ],
)
def test_who_is_in_the_hands_of_a_replacement_is_left_to_it(place: Place, phase: Phase, busy: set[str]) -> None:
    place.hold()
    drive = place.drive()
    wanted = Phase.AWAITING_READY if phase is Phase.UNDOING else phase
    while drive.state.phase is not wanted:
        place.run(drive.poll())
        place.advance()
    if phase is Phase.UNDOING:
        drive.fail_before = None
        drive._fail(Refused("called off", "test"))
    tend(place, drive.state)
    _, told = place.balancer.reconciled[-1]
    names = {"successor": drive.state.successor, "predecessor": drive.state.predecessor}
    assert told == {ID} | {names[who] for who in busy}


def test_who_was_just_marked_as_leaving_is_left_alone_before_the_journal_says_so(place: Place) -> None:
    """The look at the open replacements is a moment old: the drain that began since is known in the process."""
    place.hold()
    platform = place.platform()
    drive = place.drive(build=lambda: platform)
    while drive.state.phase is not Phase.VERIFIED:
        place.run(drive.poll())
        place.advance()
    before = drive.state
    while not drive.state.calls_of("balancer.Deregister"):
        place.run(drive.poll())
    tend(place, before, platform=platform)
    assert before.predecessor in place.balancer.reconciled[-1][1]


def test_putting_right_and_taking_out_do_not_overlap(place: Place) -> None:
    place.hold()
    platform = place.platform()
    turn = platform._crew.ledger.turn("edge")
    drive = place.drive(build=lambda: platform)
    while drive.state.phase is not Phase.VERIFIED:
        place.run(drive.poll())
        place.advance()

    async def both() -> None:
        async with turn:
            taking_out = asyncio.create_task(drive.poll())
            await asyncio.sleep(0.05)
            assert not drive.state.calls_of("balancer.Deregister")
        await taking_out
        assert drive.state.calls_of("balancer.Deregister")

    place.run(both())


def test_what_was_aside_for_its_time_goes_and_what_was_not_stays(place: Place) -> None:
    engine = place.hold()
    names = {n: name_aside(f"old-{n}", f"r-{n}", engine.now, 60.0 * n) for n in (1, 2)}
    for name in names.values():
        engine.stop(engine.run(name, Image="app:1", Labels={"fleet": "edge"}))
    engine.now += timedelta(seconds=90)
    said, gate = tend(place)
    assert said == ("old-1 of r-1 has been in quarantine for its time and was removed",)
    assert gate.calls == ["docker.ContainerDelete"]
    assert names[2] in place.names()
    assert names[1] not in place.names()
    assert not any(".quarantine-" in name for name in place.balancer.reconciled[-1][0])


def test_what_runs_in_quarantine_was_started_by_the_engine_and_is_stopped(place: Place) -> None:
    engine = place.hold()
    name = name_aside("old", "r-1", engine.now, 60.0)
    engine.run(name, Image="app:1", Labels={"fleet": "edge"})
    said, gate = tend(place)
    assert gate.calls == ["docker.ContainerStop"]
    assert said == (f"{name} was running in quarantine and was stopped",)


def test_an_engine_that_is_held_is_left_alone(place: Place) -> None:
    engine = place.hold()
    engine.volumes.add("repave-hold")
    engine.stop(engine.run(name_aside("old", "r-1", engine.now, -60.0), Image="app:1", Labels={"fleet": "edge"}))
    del place.balancer.states["web-2"]
    said, gate = tend(place)
    assert (said, gate.calls) == ((), [])


def test_a_name_that_only_looks_like_quarantine_is_none() -> None:
    assert parse("web.quarantine-r-1-soon") is None
    assert parse("web-1") is None
