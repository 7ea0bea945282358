"""Between replacements, the balancer is put right; whom a replacement under way decides about is left to it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from controller.domain.ports import Upkeep
from tests.platforms.docker.place import ID, Place
from tests.platforms.driver import Crashes, Moment

T = TypeVar("T")


async def at_once(call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[T]]) -> T:
    return await perform()


def test_a_successor_that_runs_already_gets_no_traffic_while_its_launch_is_under_way(place: Place) -> None:
    """The start has taken effect and no outcome is journaled: its replacement does not know it by id."""
    place.hold()
    drive = place.drive(crashes=Crashes(1, Moment.DURING))
    place.run(drive.poll())
    assert (place.names()[ID].status, drive.state.successor) == ("running", None)
    place.run(place.platform().upkeep(Upkeep((drive.state,), at_once, drive.now)))
    assert ID not in place.balancer.states


def test_a_member_that_the_balancer_forgot_is_put_back(place: Place) -> None:
    place.hold()
    del place.balancer.states["web-2"]
    drive = place.drive()
    assert place.run(place.platform().upkeep(Upkeep((), at_once, drive.now))) == ("web-2 is back",)
