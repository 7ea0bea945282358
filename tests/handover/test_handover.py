"""One daemon is stopped, or dies, in the middle of a replacement, and another goes on with it: what reached the world
and the receiver of traces is what one daemon alone would have left there."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from controller.domain.lifecycle import Phase
from tests.e2e.harness.configuration import LEASE_SECONDS
from tests.e2e.harness.contract import judged
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.stage import GroupScene, Stage
from tests.e2e.harness.stories import REPLACED
from tests.e2e.harness.wire import Request
from tests.handover.ground import MEASURED, Store, Way, another_journal

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(600)]

BAKE_SECONDS = 4
AT_ONCE_SECONDS = 10.0
"""Within which the other has to go on when the first has given up; a busy machine included."""

TERMINATE = "TerminateInstanceInAutoScalingGroup"

STORES = ("dynamodb", "postgresql")


def scene_on(world: Stage, store: Store) -> GroupScene:
    world.state, world.beside = store.new, store.environment
    return world.scene(REPLACED.name, fleet={"verify": {"bake": f"{BAKE_SECONDS}s"}})


def requests_of(scene: GroupScene, daemon: Daemon) -> list[Request]:
    """Everything that it asked the world for, looking included."""
    return [item for item in scene.wire() if isinstance(item, Request) and item.key == daemon.key]


def after_one_another(first: Sequence[Request], second: Sequence[Request]) -> list[str]:
    """What is wrong with who asked when: the second has to begin after the last word of the first."""
    if not first or not second:
        return [f"the first asked {len(first)} times, the second {len(second)} times"]
    early = [item for item in second if item.seq < first[-1].seq]
    return [f"the second asked for {early[0].call} while the first still acted, {len(early)} times"] if early else []


async def wrong(scene: GroupScene, first: Daemon, second: Daemon) -> list[str]:
    """What is wrong in the end: at the wire, in the journal, in the trace."""
    found = after_one_another(requests_of(scene, first), requests_of(scene, second))
    ended = [item for item in scene.mutations() if item.action == TERMINATE and item.effect]
    found += [] if len(ended) == 1 else [f"{len(ended)} terminations"]
    return found + await judged(scene, REPLACED)


def told(what: str, scene: GroupScene, first: Daemon, second: Daemon, stopped_in: float | None) -> float:
    """Say how long nobody acted; the seconds."""
    gap = (requests_of(scene, second)[0].at_ns - requests_of(scene, first)[-1].at_ns) / 1e9
    ended = "" if stopped_in is None else f", which ended within {stopped_in:.1f} s"
    MEASURED.append(f"{what}: the second asked the world {gap:.1f} s after the last word of the first{ended}")
    return gap


async def hand_over(way: Way, world: Stage, store: Store, *, killed: bool = False, alone: bool = False) -> list[str]:
    """The first is ended while the successor proves itself; what is wrong when the second has settled."""
    scene = scene_on(world, store)
    config = another_journal(scene, store) if alone else None
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(way.run(scene))
        await first.reaches(Phase.ACCEPTED, scene.group.name)
        second = await stack.enter_async_context(way.run(scene, config))
        await (second.ticks(1, looked=True) if alone else second.ticks(1, standby=True))
        await first.reaches(Phase.VERIFYING, scene.group.name)
        if alone:
            await first.ticks(1, looked=True)
        stopped_in = None
        if killed:
            await way.kill(first)
        else:
            stopped_in = await way.stop(first)
        await second.says(settled=True)
        found = await wrong(scene, first, second)
        how = "killed" if killed else "planted: a journal of its own" if alone else "stopped"
        gap = told(f"{way.name} over {store.name}, {how}", scene, first, second, stopped_in)
        most = LEASE_SECONDS + AT_ONCE_SECONDS if killed else AT_ONCE_SECONDS
        found += [] if gap <= most else [f"nobody acted for {gap:.1f} s"]
        await way.stop(second)
    return found


@pytest.mark.parametrize("store", [pytest.param(STORES[0], marks=pytest.mark.full_matrix), STORES[1]])
async def test_a_process_that_is_stopped_hands_over(
    processes: Way, world: Stage, kept: dict[str, Store], store: str
) -> None:
    assert await hand_over(processes, world, kept[store]) == []


@pytest.mark.parametrize("store", [STORES[0], pytest.param(STORES[1], marks=pytest.mark.full_matrix)])
async def test_a_process_that_dies_is_missed_within_the_life_of_its_lease(
    processes: Way, world: Stage, kept: dict[str, Store], store: str
) -> None:
    assert await hand_over(processes, world, kept[store], killed=True) == []


async def test_a_second_daemon_that_knows_of_no_lease_is_seen(
    processes: Way, world: Stage, kept: dict[str, Store]
) -> None:
    """Planted: its journal is another one, so that nothing tells it who acts."""
    found = await hand_over(processes, world, kept["postgresql"], alone=True)
    assert any("while the first still acted" in sentence for sentence in found), found


@pytest.mark.parametrize("store", STORES)
async def test_a_container_that_ecs_stops_hands_over(
    containers: Way, world: Stage, kept: dict[str, Store], store: str
) -> None:
    assert await hand_over(containers, world, kept[store]) == []


@pytest.mark.full_matrix
@pytest.mark.parametrize("store", STORES)
async def test_a_container_that_dies_is_missed_within_the_life_of_its_lease(
    containers: Way, world: Stage, kept: dict[str, Store], store: str
) -> None:
    assert await hand_over(containers, world, kept[store], killed=True) == []
