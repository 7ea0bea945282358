"""What goes wrong around a replacement of a container: each time it ends well or is undone, and the trace says so.

The engine is a real one, and what is disturbed is disturbed for real; only what would hurt others on a shared engine is
done to an engine of the test's own.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from controller.domain.lifecycle import Outcome, Phase
from controller.domain.replacement import Replacement
from tests.e2e.harness.contract import traced
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.docker_stage import SIZE, EngineScene, engine_scene, recipe
from tests.e2e.harness.docker_stories import remains, wire_problems
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.traces import attributes, root_of
from tests.support.docker_engine import Api, running_engine
from tests.support.eventually import eventually
from tests.support.private_engine import private_engine
from tests.support.wiretap import Rule

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(240)]

NO_SECOND_TRY = {"cooldown": {"base": "6h", "cap": "6h"}}
SERVING_SECONDS = 20.0
FULL = partial(pytest.param, marks=pytest.mark.full_matrix)


@pytest.fixture(scope="module")
def engine() -> Iterator[Api]:
    with ExitStack() as stack:
        yield stack.enter_context(running_engine())


@asynccontextmanager
async def disturbed(api: Api, tap: Tap, folder: Path, **said: object) -> AsyncIterator[EngineScene]:
    async with engine_scene(api, tap, folder, fleet=NO_SECOND_TRY, **said) as scene:  # type: ignore[arg-type]
        yield scene


async def ended(scene: EngineScene, outcome: Outcome, *words: str) -> Replacement:
    """Its one replacement ended so; the trace is whole, and these words are in it. At the wire no law was broken."""
    (done,) = await scene.replacements()
    events = await scene.events(done)
    assert (done.outcome, done.open) == (outcome, False), [event.facts for event in events if event.kind == "failed"]
    assert await traced(scene, scene.trace_id(done), events) == []
    spans = scene.tap.trace(scene.trace_id(done))
    assert attributes(root_of(spans))["repave.outcome"] == outcome
    told = " ".join(f"{span.status.message} {attributes(span)} {span.events}" for span in spans)
    for word in words:
        assert word in told, f"{word!r} is not in {told}"
    assert wire_problems(scene) == []
    return done


async def cannot_see(daemon: Daemon) -> None:
    """Wait for a tick that says so."""

    async def said() -> bool:
        return any("cannot see the fleet" in str(line["event"]) for line in daemon.lines())

    await eventually(said, within_seconds=60)


async def all_serve(scene: EngineScene) -> None:
    """Every name is there once, runs, and gets requests."""

    async def look() -> bool:
        running = await scene.web.now()
        return running.keys() == scene.web.containers.keys() and await scene.serving() == frozenset(running.values())

    await eventually(look, within_seconds=SERVING_SECONDS)


async def test_the_engine_is_killed_and_comes_back_in_the_middle(tap: Tap, tmp_path: Path) -> None:
    """Its containers run on, and HAProxy sends them requests all the while."""
    async with private_engine() as own, disturbed(own.api, tap, tmp_path) as scene:
        scene.wiretap.serving = None  # who serves cannot be asked of an engine that is dead
        async with scene.daemon() as daemon:
            async with scene.wiretap.held("SetServer", key=daemon.key, moment="before") as request:
                await own.killed()
                await request.release()
                await cannot_see(daemon)
                assert sum(seat.serving for seat in await scene.seats()) >= SIZE
            await own.start()
            assert await daemon.ended(120) == 0
        await ended(scene, Outcome.REPLACED)
        await all_serve(scene)


async def test_the_engine_is_killed_while_it_creates_the_successor(tap: Tap, tmp_path: Path) -> None:
    """Whether it was created is found out from the engine that came back."""
    async with private_engine() as own, disturbed(own.api, tap, tmp_path) as scene:
        scene.wiretap.serving = None
        async with scene.daemon() as daemon:
            async with scene.wiretap.held("ContainerCreate", key=daemon.key, moment="after"):
                await own.killed()
            await own.start()
            assert await daemon.ended(120) == 0
        await ended(scene, Outcome.REPLACED, "the connection broke before the answer was complete")
        await all_serve(scene)


@pytest.mark.parametrize("moment", ["AddServer", "ContainerStop"])
async def test_haproxy_is_reloaded_in_the_middle(engine: Api, tap: Tap, tmp_path: Path, moment: str) -> None:
    """It forgets what was added, and brings back what its file says: where the predecessor was."""
    async with disturbed(engine, tap, tmp_path) as scene:
        scene.wiretap.serving = None  # between two workers, HAProxy has two minds
        async with scene.daemon(until_settled=False) as daemon:
            async with scene.wiretap.held(moment, key=daemon.key, moment="after") as request:
                await scene.haproxy.reload(*scene.servers)
                await request.release()
            await daemon.reaches(Phase.CLOSED, scene.fleet, 120)
            await all_serve(scene)
            await daemon.stopped()
        await ended(scene, Outcome.REPLACED)


@pytest.mark.parametrize("action", [FULL("ContainerCreate"), "ContainerStart", FULL("AddServer"), "ContainerDelete"])
async def test_the_socket_refuses_for_a_while(engine: Api, tap: Tap, tmp_path: Path, action: str) -> None:
    async with disturbed(engine, tap, tmp_path) as scene, scene.daemon() as daemon:
        async with scene.wiretap.held(action, key=daemon.key, moment="before") as request:
            await scene.engine.refuse()
            await request.release()
        await asyncio.sleep(4)
        await scene.engine.accept()
        assert await daemon.ended(120) == 0
        await ended(scene, Outcome.REPLACED, "no connection to the engine")
        await all_serve(scene)


async def test_the_predecessor_is_removed_by_hand_in_the_middle(engine: Api, tap: Tap, tmp_path: Path) -> None:
    """Only the surplus is removed, if there is one: here the successor is no surplus, or is, as the fleet wants it."""
    async with disturbed(engine, tap, tmp_path) as scene, scene.daemon() as daemon:
        async with scene.wiretap.held("AddServer", key=daemon.key, moment="before") as request:
            await engine.call("DELETE", f"/containers/{scene.web[1].id}", force=True)
            await request.release()
        assert await daemon.ended(120) in (0, 1)
        await ended(scene, Outcome.SUPERSEDED, "was removed without us")
        assert len(await scene.web.now(every=True)) == SIZE - 1, "what somebody removed is not made again"


@pytest.mark.parametrize("action", ["AddServer", FULL("SetServer")])
async def test_the_successor_is_removed_by_hand_in_the_middle(
    engine: Api, tap: Tap, tmp_path: Path, action: str
) -> None:
    async with disturbed(engine, tap, tmp_path) as scene, scene.daemon() as daemon:
        async with scene.wiretap.held(action, key=daemon.key, moment="before") as request:
            (under_way,) = await scene.replacements()
            await engine.call("DELETE", f"/containers/{under_way.id}", force=True)
            await request.release()
        assert await daemon.ended(120) in (0, 1)
        await ended(scene, Outcome.FAILED)
        await all_serve(scene)
        assert await remains(scene, undone=True) == []


async def test_the_image_is_gone_when_it_is_needed(engine: Api, tap: Tap, tmp_path: Path) -> None:
    async with (
        disturbed(engine, tap, tmp_path, newest=recipe(datetime.now(UTC) - timedelta(hours=12))) as scene,
        scene.daemon() as daemon,
    ):
        async with scene.wiretap.held("ContainerCreate", key=daemon.key, moment="before") as request:
            await engine.call("DELETE", f"/images/{scene.newest.id}", force=True)
            await request.release()
        assert await daemon.ended(120) in (0, 1)
        await ended(scene, Outcome.FAILED, "No such image")
        await all_serve(scene)


@contextmanager
def two_ports() -> Iterator[tuple[int, int]]:
    """Two neighbours among the ports of this host, both taken."""
    for first in range(23000, 24000, 2):
        with ExitStack() as stack:
            try:
                for number in (first, first + 1):
                    one = stack.enter_context(closing(socket.socket()))
                    one.bind(("127.0.0.1", number))
                    one.listen()
            except OSError:
                continue
            yield first, first + 1
            return
    raise AssertionError("no two neighbouring ports are free")


async def test_the_ports_are_taken(engine: Api, tap: Tap, tmp_path: Path) -> None:
    """Those that a successor may take are all somebody else's, who is no container."""
    with two_ports() as (low, high):
        ports = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(high + 2000)}]}
        said = {"ports": f"{low}-{high}"}
        async with disturbed(engine, tap, tmp_path, docker=said, host={"PortBindings": ports}) as scene:
            async with scene.daemon() as daemon:
                assert await daemon.ended(180) in (0, 1)
            await ended(scene, Outcome.FAILED, "address already in use")
            await all_serve(scene)
            assert await remains(scene, undone=True) == []


async def test_the_disk_is_full_when_the_successor_is_created(tap: Tap, tmp_path: Path) -> None:
    async with private_engine() as own, disturbed(own.api, tap, tmp_path) as scene:
        async with scene.daemon() as daemon:
            async with scene.wiretap.held("ContainerCreate", key=daemon.key, moment="before") as request:
                own.fill()
                await request.release()
            assert await daemon.ended(150) in (0, 1)
        await ended(scene, Outcome.FAILED, "no space left on device")
        own.free()
        await all_serve(scene)
        assert await remains(scene, undone=True) == []


async def test_two_daemons_at_once(engine: Api, tap: Tap, tmp_path: Path) -> None:
    """One acts; the other stands by, and goes on where the first was killed."""
    async with disturbed(engine, tap, tmp_path) as scene, scene.daemon() as first:
        await first.reaches(Phase.ACCEPTED, scene.fleet)
        async with scene.daemon() as second:
            async with scene.wiretap.held("ContainerStop", key=first.key, moment="after"):
                await second.ticks(1, standby=True)
                assert scene.mutations(second) == []
                await first.killed()
            assert await second.ended(120) == 0
        await ended(scene, Outcome.REPLACED)
        await all_serve(scene)


async def test_answers_that_are_lost_and_errors_that_pass(engine: Api, tap: Tap, tmp_path: Path) -> None:
    """Every second mutation fails once: by an answer that never comes, or by a 500 from before it was done."""
    async with disturbed(engine, tap, tmp_path) as scene, scene.daemon() as daemon:
        rules = [
            Rule("cut", "after", action="ContainerCreate"),
            Rule("answer", action="ContainerStart", words="containerd is busy"),
            Rule("cut", "after", action="AddServer"),
            Rule("cut", "after", action="ContainerStop"),
            Rule("answer", action="ContainerDelete", words="device or resource busy"),
            Rule("cut", "after", action="ContainerRename"),
        ]
        scene.wiretap.rules += rules
        assert await daemon.ended(150) == 0
        assert [rule.struck for rule in rules] == [1] * len(rules)
        await ended(scene, Outcome.REPLACED, "containerd is busy", "device or resource busy")
        await all_serve(scene)
