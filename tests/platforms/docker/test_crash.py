"""kill -9 at every mutating call, before it, after its effect and after its outcome, there and on the way back."""

import pytest

from controller.domain.lifecycle import Outcome, Step
from tests.platforms.docker.laws import violations
from tests.platforms.docker.place import ID, Place
from tests.platforms.driver import Crashes, Moment

ALIASED = {"NetworkingConfig": {"EndpointsConfig": {"net": {"Aliases": ["web"]}}}}

THERE = [
    "docker.ContainerCreate",
    "docker.NetworkConnect",
    "docker.ContainerStart",
    "docker.NetworkDisconnect",
    "docker.NetworkConnect",
    "balancer.Register",
    "balancer.Deregister",
    "docker.ContainerStop",
    "balancer.Forget",
    "docker.ContainerDelete",
    "docker.ContainerRename",
]
"""Mutating calls of a replacement on two networks, with an alias, behind a balancer."""

GONE = ["balancer.Deregister", "docker.ContainerStop", "balancer.Forget", "docker.ContainerDelete"]
"""Mutating calls by which a successor that serves goes again."""

BACK = {
    Step.LAUNCH: [],
    Step.AWAIT_READY: [*THERE[:3], "docker.ContainerStop", "docker.ContainerDelete"],
    Step.VERIFY: [*THERE[:6], *GONE],
    Step.DRAIN: [*THERE[:6], *GONE],
    Step.TERMINATE: [*THERE[:7], "balancer.Register", *GONE],
}
"""The same of one that is called off before a step, the way back included."""


def hold(place: Place) -> None:
    engine = place.hold(**ALIASED)
    engine.networks.add("db")
    for one in engine.containers.values():
        engine.join(one, "db", {})
        one.document["NetworkSettings"]["Networks"]["db"]["Aliases"] = [one.id[:12]]


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("index", range(len(THERE)))
def test_a_crash_at_any_call_ends_with_one_successor_that_bears_the_name(
    place: Place, index: int, moment: Moment
) -> None:
    hold(place)
    drive = place.drive(crashes=Crashes(index, moment))
    state = place.run(drive.run(place.advance))
    assert drive.crashed == 1, "the boundary was never reached"
    assert state.outcome is Outcome.REPLACED
    names = place.names()
    assert set(names) == {"web-1", "web-2", "web-3"}
    assert names["web-1"].id.startswith(state.successor)
    assert place.engine.made == 4
    networks = names["web-1"].document["NetworkSettings"]["Networks"]
    assert networks["net"]["Aliases"] == ["web", state.successor]
    assert set(networks) == {"net", "db"}
    assert place.balancer.states == {ID: "healthy", "web-2": "healthy", "web-3": "healthy"}
    assert violations(place.engine) == []


def way_back() -> list[tuple[Step, int, Moment]]:
    return [(step, index, moment) for step, calls in BACK.items() for index in range(len(calls)) for moment in Moment]


@pytest.mark.parametrize(("step", "index", "moment"), way_back())
def test_a_crash_at_any_call_of_a_replacement_called_off_leaves_the_fleet_as_it_was(
    place: Place, step: Step, index: int, moment: Moment
) -> None:
    hold(place)
    before = {name: one.id for name, one in place.names().items()}
    drive = place.drive(fail_before=step, crashes=Crashes(index, moment))
    state = place.run(drive.run(place.advance))
    assert drive.crashed == 1, "the boundary was never reached"
    assert state.outcome is Outcome.FAILED
    assert {name: one.id for name, one in place.names().items()} == before
    assert place.engine.serving == set(before.values())
    place.advance()
    assert place.balancer.states == dict.fromkeys(("web-1", "web-2", "web-3"), "healthy")
    assert violations(place.engine) == []


@pytest.mark.parametrize("step", BACK)
def test_the_list_of_calls_on_the_way_back_is_complete(place: Place, step: Step) -> None:
    hold(place)
    drive = place.drive(fail_before=step)
    place.run(drive.run(place.advance))
    assert drive.calls == BACK[step]


def test_the_list_of_calls_on_the_way_there_is_complete(place: Place) -> None:
    hold(place)
    drive = place.drive()
    place.run(drive.run(place.advance))
    assert drive.calls == THERE
