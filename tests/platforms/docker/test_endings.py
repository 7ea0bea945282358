"""What goes wrong on the way, by the engine's fault or by other people's hands, ends well or is undone, and says so."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.lifecycle import Outcome, Phase, Step
from controller.domain.replacement import Replacement
from controller.platforms.docker.quarantine import parse
from tests.platforms.docker.laws import violations
from tests.platforms.docker.place import ID, Place
from tests.platforms.driver import Drive
from tests.support.fake_containers import Refusal


def finished(place: Place, drive: Drive, polls: int = 60) -> Replacement:
    state: Replacement = place.run(drive.run(place.advance, polls))
    assert violations(place.engine, place_before(state)) == []
    return state


def place_before(state: Replacement) -> int:
    return int(state.facts["serving"])


def reason(state: Replacement) -> str:
    return str((state.failure or {})["reason"])


def untouched(place: Place) -> bool:
    """Whether the fleet is as it was, and nothing of ours is left."""
    place.advance()
    states = dict.fromkeys(("web-1", "web-2", "web-3"), "healthy")
    return set(place.names()) == set(states) and place.balancer.states == states and len(place.engine.serving) == 3


def when(place: Place, phase: Phase, then: Callable[[], Any], drive: Drive) -> Callable[[], None]:
    """Between polls: time passes, and once the phase is reached, somebody does something."""
    done: list[bool] = []

    def between() -> None:
        if not done and drive.state.phase is phase:
            done.append(True)
            then()
        place.advance()

    return between


def test_an_image_that_is_missing_is_said_and_nothing_is_created(place: Place) -> None:
    engine = place.hold()
    engine.images = {key: value for key, value in engine.images.items() if key != "app:1"}
    state = finished(place, place.drive())
    assert (state.outcome, state.error_type) == (Outcome.FAILED, "image_missing")
    assert "app:1 is not on the engine" in reason(state)
    assert engine.made == 3
    assert untouched(place)


def test_without_the_image_of_the_predecessor_nobody_guesses_what_was_declared(place: Place) -> None:
    engine = place.hold()
    engine.images = {"app:1": {"Id": "sha256:" + "e" * 64, "Config": {}}}
    state = finished(place, place.drive())
    assert state.error_type == "image_unknown"
    assert untouched(place)


@pytest.mark.parametrize("pull", ["always", "if_missing"])
def test_a_missing_image_is_fetched_when_asked_for(place: Place, pull: str) -> None:
    engine = place.hold()
    engine.registry["app:1"] = engine.images.pop("app:1")
    state = finished(place, place.drive(build=lambda: place.platform(pull=pull)))
    assert state.outcome is Outcome.REPLACED
    assert [call.name for call in state.calls][:2] == ["docker.ImageCreate", "docker.ContainerCreate"]


def test_a_registry_that_is_away_does_not_stop_what_the_engine_has(place: Place) -> None:
    place.hold()
    state = finished(place, place.drive(build=lambda: place.platform(pull="always")))
    assert state.outcome is Outcome.REPLACED


@pytest.mark.parametrize("call", ["create", "start"])
@pytest.mark.parametrize("words", ["no space left on device", "Bind for 0.0.0.0:80 failed: port is already allocated"])
def test_no_room_ends_it_as_no_capacity_and_nothing_is_left(place: Place, call: str, words: str) -> None:
    engine = place.hold()
    engine.fail[call] = [Refusal(500, words)]
    state = finished(place, place.drive())
    assert (state.outcome, state.error_type) == (Outcome.FAILED, "no_capacity")
    assert words.split(":", maxsplit=1)[0] in reason(state)
    assert untouched(place)


def test_a_successor_that_cannot_be_started_is_given_up_after_three_tries(place: Place) -> None:
    engine = place.hold()
    engine.fail["start"] = [Refusal(500, "OCI runtime create failed")] * 9
    state = finished(place, place.drive())
    assert state.error_type == "start_failed"
    assert len(state.calls_of("docker.ContainerStart")) == 3
    assert untouched(place)


def test_a_successor_that_exits_says_how_and_its_last_words(place: Place) -> None:
    engine = place.hold()
    engine.next_exits = 3
    drive = place.drive()

    def between() -> None:
        for name, one in place.names().items():
            words = b"no database, password=hunter2\n"
            one.log = b"\x01\x00\x00\x00\x00\x00\x00" + bytes([len(words)]) + words if name == ID else b""
        place.advance()

    state = place.run(drive.run(between))
    assert state.error_type == "successor_exited"
    assert "exit code 3" in reason(state)
    assert reason(state).endswith("its last line: no database, [redacted]")
    assert untouched(place)


def test_a_successor_that_is_started_again_and_again_is_no_successor(place: Place) -> None:
    place.hold()
    drive = place.drive()
    restarts = when(place, Phase.AWAITING_READY, lambda: place.names()[ID].document.update(RestartCount=3), drive)
    place.engine.next_boots = 9
    assert place.run(drive.run(restarts)).error_type == "successor_exited"
    assert untouched(place)


@pytest.mark.parametrize(
    "phase", [Phase.ACCEPTED, Phase.LAUNCHED, Phase.AWAITING_READY, Phase.VERIFIED, Phase.DRAINING, Phase.DRAINED]
)
def test_a_predecessor_removed_by_hand_is_superseded_and_our_surplus_goes(place: Place, phase: Phase) -> None:
    engine = place.hold()
    drive = place.drive(serving=3)
    gone = place.names()["web-1"].id
    between = when(place, phase, lambda: engine.containers.pop(gone), drive)
    if phase is Phase.ACCEPTED:
        between()
    state = place.run(drive.run(between))
    assert state.outcome is Outcome.SUPERSEDED
    assert set(place.names()) == {"web-2", "web-3"}
    assert ID not in place.balancer.states
    assert violations(engine, 2) == []


def test_a_predecessor_removed_by_hand_after_we_stopped_it_makes_no_difference(place: Place) -> None:
    engine = place.hold()
    gone = place.names()["web-1"].id
    engine.after["stop"] = lambda: engine.containers.pop(gone, None)
    state = finished(place, place.drive())
    assert state.outcome is Outcome.REPLACED
    assert set(place.names()) == {"web-1", "web-2", "web-3"}
    assert "web-1" not in place.balancer.states


@pytest.mark.parametrize("phase", [Phase.AWAITING_READY, Phase.DRAINED])
def test_a_successor_removed_by_hand_leaves_the_predecessor_serving(place: Place, phase: Phase) -> None:
    engine = place.hold()
    drive = place.drive()
    between = when(place, phase, lambda: engine.containers.pop(place.names()[ID].id), drive)
    state = place.run(drive.run(between))
    assert state.outcome is Outcome.FAILED
    assert state.error_type in ("successor_gone", "successor_lost")
    place.balancer.states.pop(ID, None)
    assert untouched(place)


def test_a_name_that_somebody_took_in_between_is_left_to_them(place: Place) -> None:
    engine = place.hold()
    engine.after["remove"] = lambda: engine.run("web-1", Image="app:1")
    drive = place.drive()
    state = finished(place, drive)
    assert state.outcome is Outcome.REPLACED
    assert place.names()[ID].id[:12] == state.successor
    assert drive.facts["terminate"]["name"] == ID
    assert drive.facts["terminate"]["reason"].startswith("web-1 is the name of ")


def test_a_container_that_bears_our_name_and_is_not_ours_is_left_alone(place: Place) -> None:
    engine = place.hold()
    engine.run(ID, Image="app:1")
    state = finished(place, place.drive())
    assert state.error_type == "name_taken"
    assert place.names()[ID].status == "running"


def test_an_engine_that_is_away_is_waited_for(place: Place) -> None:
    engine = place.hold()
    drive, seen = place.drive(), []

    def between() -> None:
        seen.append(drive.state.phase)
        engine.away = len(seen) in (2, 4, 6)
        place.advance()

    assert place.run(drive.run(between)).outcome is Outcome.REPLACED
    assert any("no connection" in wait or "connection broke" in wait for wait in drive.waits)


def test_the_last_that_serves_is_not_taken_out_before_another_serves(place: Place) -> None:
    engine = place.hold()
    drive = place.drive()
    lost = [place.names()[name] for name in ("web-2", "web-3")]

    def between() -> None:
        serving = drive.state.phase not in (Phase.VERIFIED, Phase.DRAINING) or len(drive.waits) > 8
        for one in lost:
            one.document["State"]["Health"]["Status"] = "healthy" if serving else "unhealthy"
        place.advance()

    state = place.run(drive.run(between))
    assert state.outcome is Outcome.REPLACED
    assert any("would serve where 3 have to" in wait for wait in drive.waits)
    del engine


def test_once_the_predecessor_was_stopped_an_abort_finishes_the_way(place: Place) -> None:
    engine = place.hold()
    engine.fail["remove"] = [Refusal(500, "a moment")]
    drive = place.drive()

    def between() -> None:
        stopped = drive.state.calls_of("docker.ContainerStop")
        if stopped and not drive.state.undoing:
            drive.fail_before = Step.TERMINATE
        place.advance()

    state = place.run(drive.run(between))
    assert state.outcome is Outcome.REPLACED
    assert drive.facts["undo"]["surge"] == "kept: its predecessor has ended"
    assert place.names()["web-1"].id[:12] == state.successor
    assert len(engine.serving) == 3


def test_what_is_replaced_can_be_kept_aside_for_a_time(place: Place) -> None:
    engine = place.hold()
    state = finished_in_quarantine(place)
    (kept,) = [one for name, one in place.names().items() if parse(name)]
    aside = parse(kept.name)
    assert aside is not None
    assert (aside.name, aside.replacement) == ("web-1", ID)
    assert timedelta(0) < aside.until - engine.now <= timedelta(hours=1)
    assert kept.status == "exited"
    assert place.names()["web-1"].id[:12] == state.successor


def finished_in_quarantine(place: Place) -> Replacement:
    drive = place.drive(build=lambda: place.platform(quarantine="1h"))
    state: Replacement = place.run(drive.run(place.advance))
    assert state.outcome is Outcome.REPLACED
    return state


def test_what_is_journaled_holds_no_secret_of_the_environment(place: Place) -> None:
    place.hold(Env=["PASSWORD=hunter2"])
    state = finished(place, place.drive())
    assert "hunter2" not in json.dumps([dict(call.arguments) for call in state.calls])
    assert "PASSWORD=hunter2" in place.names()["web-1"].document["Config"]["Env"]


@pytest.mark.parametrize("balanced", [True, False])
def test_two_of_a_fleet_can_go_side_by_side(place: Place, balanced: bool) -> None:
    engine = place.hold()
    platform = place.platform(balanced=balanced)
    drives = [place.drive(f"web-{n}", f"r-000000000{n}", build=lambda: platform) for n in (1, 2)]
    for one, other in (drives, drives[::-1]):
        one.others = lambda other=other: (other.state,) if other.state.open else ()  # type: ignore[misc]
    for _ in range(60):
        for drive in drives:
            if drive.state.open:
                place.run(drive.poll())
                drive.now = engine.now
        place.advance()
    assert [drive.state.outcome for drive in drives] == [Outcome.REPLACED, Outcome.REPLACED]
    assert set(place.names()) == {"web-1", "web-2", "web-3"}
    assert violations(engine) == []


@pytest.mark.parametrize("ended", [False, True])
def test_what_it_leaves_to_be_seen_is_kept_once_whether_we_stop_it_or_it_ended_by_itself(
    place: Place, ended: bool
) -> None:
    engine = place.hold()
    if ended:
        engine.stop(place.names()["web-1"])
    seen = list[int]()
    engine.after["remove"] = lambda: seen.append(len(engine.calls(f"^GET {path}$")))
    path = f"/containers/{place.names()['web-1'].id}/logs"
    state = finished(place, place.drive(serving=2))
    assert state.outcome is Outcome.REPLACED
    assert len(state.calls_of("docker.ContainerStop")) == (0 if ended else 1)
    assert seen == [1]


def test_a_successor_that_dies_while_its_predecessor_is_stopped_leaves_that_one_to_be_replaced(place: Place) -> None:
    engine = place.hold()
    engine.after["stop"] = lambda: engine.stop(place.names()[ID])
    state = place.run(place.drive().run(place.advance))
    assert (state.outcome, state.error_type) == (Outcome.FAILED, "successor_lost")
    assert place.names()["web-1"].status == "exited"
    assert ID not in place.names()
