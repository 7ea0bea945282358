"""The server of the journal is gone in the middle of a replacement, and comes back: as with a file, see
tests/e2e/test_journal_lost.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.e2e.harness.contract import judged
from tests.e2e.harness.stage import Stage
from tests.e2e.harness.stories import REPLACED
from tests.e2e.test_journal_lost import LOOKS, asked, looks_without
from tests.handover.ground import Store
from tests.support.dynamo_server import DynamoServer, Fault
from tests.support.postgresql import RealPostgres

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(300)]


@dataclass
class Gone(Fault):
    """Whatever is asked, the connection is cut."""

    def strikes(self, operation: str) -> bool:
        self.struck += 1
        return True


@asynccontextmanager
async def gone(store: Store) -> AsyncIterator[None]:
    """Its server cannot be reached for as long as the context lasts."""
    if isinstance(store.server, DynamoServer):
        with store.server.striking(Gone("", does="cut")):
            yield
        return
    assert isinstance(store.server, RealPostgres)
    await asyncio.to_thread(store.server.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(store.server.start)


@pytest.mark.parametrize("name", ["dynamodb", "postgresql"])
async def test_it_watches_until_the_journal_is_back_and_goes_on_once(
    world: Stage, kept: dict[str, Store], name: str
) -> None:
    store = kept[name]
    world.state, world.beside = store.new, store.environment
    scene = world.scene(REPLACED.name)
    async with scene.daemon(until_settled=False) as daemon:
        async with scene.held(daemon, "SetDesiredCapacity", moment="after") as request:
            async with gone(store):
                await request.release()
                await looks_without(daemon, 1)
                await looks_without(daemon, LOOKS)
                assert [item.action for item in scene.mutations(daemon)] == ["SetDesiredCapacity"]
                assert (await asked(daemon, "/healthz"))[0] == 200
                status, reason = await asked(daemon, "/readyz")
                assert (status, "watching only, the journal is not there since" in reason) == (503, True)
                _, document = await asked(daemon, "/api/v1/fleets")
                assert document["stale"]["reason"] in reason
            await daemon.ticks(1, settled=True)
        assert (await asked(daemon, "/readyz"))[0] == 200
        assert await daemon.stopped() == 0
    assert await judged(scene, REPLACED) == []
