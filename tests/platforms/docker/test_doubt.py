"""What nobody saw the end of: calls that take effect late, names that could be mistaken, and what nothing checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from controller.domain.errors import Held, Permanent
from controller.domain.lifecycle import Outcome, Phase, Step
from controller.domain.model import Target
from controller.domain.ports import Mutate, Refused, Server
from controller.platforms.docker.ready import STEADY_SECONDS
from controller.platforms.docker.undo import MOST_REFUSALS, SETTLING
from tests.platforms.docker.laws import violations
from tests.platforms.docker.place import ID, FakeBalancer, Place
from tests.platforms.driver import Crashes, Drive, Moment
from tests.support.fake_containers import Made, Refusal


def called_off(drive: Drive) -> None:
    drive._fail(Refused("called off", "test"))


def test_a_create_that_takes_effect_after_the_crash_is_found_and_undone(place: Place) -> None:
    engine = place.hold()
    drive = place.drive(crashes=Crashes(0, Moment.BEFORE))
    while not drive.crashed:
        place.run(drive.poll())
    called_off(drive)
    place.run(drive.poll())
    assert drive.state.undoing, "whether it was created is not certain yet"
    assert drive.waits[-1] == f"{ID} may still be created"
    late = engine.create(ID, {"Image": "app:1", "Labels": {"fleet": "edge", "repave.replacement": ID}})
    state = place.run(drive.run(place.advance))
    assert state.outcome is Outcome.FAILED
    assert late.id not in engine.containers


def test_a_create_that_never_happened_is_not_waited_for_for_ever(place: Place) -> None:
    place.hold()
    drive = place.drive(crashes=Crashes(0, Moment.BEFORE))
    while not drive.crashed:
        place.run(drive.poll())
    called_off(drive)
    drive.now += SETTLING
    place.run(drive.poll())
    assert not drive.state.open


def test_a_stop_that_was_cut_short_is_not_taken_for_one_that_did_not_happen(place: Place) -> None:
    """The engine goes on with it: to send the predecessor traffic again would lose what it gets."""
    engine = place.hold()
    engine.fail["stop"] = [Refusal(500, "the connection broke")]
    drive = place.drive()
    while not drive.state.calls_of("docker.ContainerStop"):
        place.run(drive.poll())
        place.advance()
    called_off(drive)
    place.run(drive.poll())
    assert drive.waits[-1] == "web-1 may still be ending"
    assert place.balancer.states.get("web-1") != "initial"
    engine.stop(place.names()["web-1"])
    state = place.run(drive.run(place.advance))
    assert drive.facts["undo"]["surge"] == "kept: its predecessor has ended"
    assert place.names()["web-1"].id[:12] == state.successor


def test_a_stop_that_did_not_happen_is_undone_in_the_end(place: Place) -> None:
    engine = place.hold()
    engine.fail["stop"] = [Refusal(500, "the connection broke")]
    drive = place.drive()
    while not drive.state.calls_of("docker.ContainerStop"):
        place.run(drive.poll())
        place.advance()
    called_off(drive)
    state = place.run(drive.run(place.advance))
    assert state.outcome is Outcome.FAILED
    place.advance()
    assert set(place.names()) == {"web-1", "web-2", "web-3"}
    assert place.balancer.states["web-1"] == "healthy"
    assert violations(engine) == []


def test_a_balancer_that_refuses_the_predecessor_does_not_keep_the_successor_for_ever(place: Place) -> None:
    place.hold()
    drive = place.drive(fail_before=Step.TERMINATE)
    refused = 0
    register = place.balancer.register

    async def refusing(balancer: str, server: object, mutate: object) -> None:
        nonlocal refused
        if drive.state.undoing:

            async def perform() -> None:
                raise Permanent("no such backend", call="balancer.Register", code="404")

            refused += 1
            await drive.mutate("balancer.Register", {}, perform)
        await register(balancer, server, mutate)  # type: ignore[arg-type]

    place.balancer.register = refusing  # type: ignore[method-assign]
    state = place.run(drive.run(place.advance))
    assert state.outcome is Outcome.FAILED
    assert refused == MOST_REFUSALS
    assert ID not in place.names()


def test_a_container_named_like_the_predecessors_id_is_not_mistaken_for_it(place: Place) -> None:
    engine = place.hold()
    old = place.names()["web-1"].id
    engine.run(old[:12], Image="app:1")
    state = place.run(place.drive().run(place.advance))
    assert state.outcome is Outcome.REPLACED
    assert old not in engine.containers
    assert place.names()[old[:12]].status == "running"


def test_one_that_bears_our_name_without_our_label_is_not_removed_on_the_way_back(place: Place) -> None:
    engine = place.hold()
    other = engine.run(ID, Image="app:1")
    state = place.run(place.drive().run(place.advance))
    assert state.error_type == "name_taken"
    assert other.id in engine.containers


def test_what_nothing_checks_has_to_run_for_a_moment(place: Place) -> None:
    engine = place.hold()
    engine.image("app:1", Cmd=["serve"])  # the next image has no check any more
    drive = place.drive(build=lambda: place.platform(balanced=False))
    while drive.state.phase is not Phase.AWAITING_READY:
        place.run(drive.poll())
    assert drive.waits[-1].endswith("has only just started, and nothing checks it")
    drive.now += timedelta(seconds=STEADY_SECONDS)
    place.run(drive.poll())
    assert drive.state.phase.value == "ready"


@pytest.mark.parametrize("status", ["paused", "restarting"])
def test_a_successor_that_does_not_run_just_now_is_waited_for(place: Place, status: str) -> None:
    place.hold()
    drive = place.drive()
    while drive.state.phase is not Phase.AWAITING_READY:
        place.run(drive.poll())
    successor: Made = place.names()[ID]
    successor.become(status)
    place.run(drive.poll())
    assert drive.waits[-1] == f"{ID} is {status}"
    successor.become("running")
    assert place.run(drive.run(place.advance)).outcome is Outcome.REPLACED


def test_without_its_whole_id_a_predecessor_is_not_mistaken_either(place: Place) -> None:
    engine = place.hold()
    old = place.names()["web-1"]
    other = engine.run(old.id[:12], Image="app:1")
    drive = place.drive()
    drive.state = replace(drive.state, facts={**drive.state.facts, "predecessor_facts": {}})
    state = place.run(drive.run(place.advance))
    assert state.outcome is Outcome.SUPERSEDED
    assert {old.id, other.id} <= engine.serving


def test_a_name_that_is_taken_at_the_last_moment_is_looked_at_again(place: Place) -> None:
    engine = place.hold()
    engine.fail["create"] = [Refusal(409, f'Conflict. The container name "/{ID}" is already in use')]
    drive = place.drive()
    assert place.run(drive.run(place.advance)).outcome is Outcome.REPLACED
    assert "already in use" in drive.waits[0]


def test_a_successor_is_ready_when_its_own_check_passes(place: Place) -> None:
    engine = place.hold()
    engine.next_boots = 3
    drive = place.drive(build=lambda: place.platform(balanced=False))
    assert place.run(drive.run(place.advance)).outcome is Outcome.REPLACED
    assert drive.waits.count(f"{ID} is starting") >= 3
    assert violations(engine) == []


@dataclass
class Blind(FakeBalancer):
    """A balancer that finds out by itself and cannot be told: who runs gets traffic, until it is known to leave."""

    async def targets(self, balancer: str, servers: Sequence[Server]) -> Mapping[str, Target]:
        words = {one.instance_id: "healthy" if one.leaving_seconds is None else "unused" for one in servers}
        return {instance_id: Target(balancer, word) for instance_id, word in words.items()}

    async def register(self, balancer: str, server: Server, mutate: Mutate) -> None:
        return

    deregister = forget = register


@pytest.mark.parametrize("fails", [None, Step.VERIFY, Step.TERMINATE])
def test_a_balancer_that_cannot_be_told_keeps_nobody_from_leaving(place: Place, fails: Step | None) -> None:
    engine = place.hold()
    place.balancer = Blind()
    drive = place.drive(fail_before=fails)
    state = place.run(drive.run(place.advance))
    assert state.outcome is (Outcome.FAILED if fails else Outcome.REPLACED)
    assert set(place.names()) == {"web-1", "web-2", "web-3"}
    assert violations(engine) == []


def test_while_sessions_end_the_fleet_is_not_looked_at_again_and_again(place: Place) -> None:
    engine = place.hold()
    platform = place.platform()
    drive = place.drive(build=lambda: platform)
    while not drive.state.calls_of("balancer.Deregister"):
        place.run(drive.poll())
        place.engine.advance()
        if not drive.state.calls_of("balancer.Deregister"):
            place.balancer.advance()
    looks = len(engine.calls("GET /containers/json"))
    for _ in range(5):
        place.run(drive.poll())
    assert drive.waits[-1] == "web-1 is leaving edge: draining"
    assert len(engine.calls("GET /containers/json")) == looks


@pytest.mark.parametrize("aborted", [False, True])
def test_a_volume_that_holds_the_engine_counts_before_the_next_call_of_the_same_step(
    place: Place, aborted: bool
) -> None:
    engine = place.hold()
    engine.after["stop"] = lambda: engine.volumes.add("repave-hold")
    drive = place.drive()
    with pytest.raises(Held, match="repave-hold"):
        place.run(drive.run(place.advance))
    assert drive.calls[-1] == "docker.ContainerStop"
    if aborted:
        drive._fail(Refused("ann says so", "aborted", "aborted"))
    else:
        engine.volumes.clear()
    state = place.run(drive.run(place.advance))
    assert state.outcome is Outcome.REPLACED
    assert set(place.names()) == {"web-1", "web-2", "web-3"}
