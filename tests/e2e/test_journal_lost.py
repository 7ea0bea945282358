"""The journal dies in the middle of a replacement: not one more call is made, the daemon goes on watching and says so,
and when the journal is back it goes on exactly once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.e2e.harness.contract import judged
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.stage import Stage
from tests.e2e.harness.stories import REPLACED
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")

LOOKS = 3
"""Without the journal; one a second."""


@contextmanager
def removed(file: Path) -> Iterator[None]:
    """Its file is taken away, and put back as it was."""
    away = file.with_suffix(".away")
    file.rename(away)
    try:
        yield
    finally:
        away.rename(file)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Somebody keeps it locked: it can be read, and not written."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def looks_without(daemon: Daemon, count: int) -> None:
    """Wait for so many looks that only watch."""

    async def look() -> bool:
        told = [str(line["event"]) for line in daemon.lines() if "settled" in line]
        return sum(sentence.startswith("watching only, the journal is not there") for sentence in told) >= count

    await eventually(look, within_seconds=90)


async def asked(daemon: Daemon, path: str) -> tuple[int, Any]:
    async with ClientSession() as session, session.get(f"{await daemon.url()}{path}") as response:
        return response.status, await (response.json() if path.startswith("/api") else response.text())


@pytest.mark.parametrize(
    ("action", "loss"),
    [
        ("SetDesiredCapacity", removed),
        pytest.param("TerminateInstanceInAutoScalingGroup", removed, marks=pytest.mark.full_matrix),
        pytest.param("DeregisterTargets", removed, marks=pytest.mark.full_matrix),
        pytest.param("SetDesiredCapacity", locked, marks=pytest.mark.full_matrix),
    ],
)
async def test_it_watches_until_the_journal_is_back_and_goes_on_once(world: Stage, action: str, loss: Any) -> None:
    """It dies while a call is under way that has taken effect, so that its outcome is in no journal."""
    scene = world.scene(REPLACED.name)
    async with scene.daemon(until_settled=False) as daemon:
        async with scene.held(daemon, action, moment="after") as request:
            with loss(scene.config.with_suffix(".db")):
                await request.release()
                await looks_without(daemon, 1)
                made = [item.action for item in scene.mutations(daemon)]
                assert made[-1] == action
                await looks_without(daemon, LOOKS)
                assert [item.action for item in scene.mutations(daemon)] == made, "a call without a journal"
                assert (await asked(daemon, "/healthz"))[0] == 200
                status, reason = await asked(daemon, "/readyz")
                assert (status, "watching only, the journal is not there since" in reason) == (503, True)
                assert "\nrepave_journal_up 0.0\n" in (await asked(daemon, "/metrics"))[1]
                _, document = await asked(daemon, "/api/v1/fleets")
                assert document["stale"]["reason"] in reason
                assert document["fleets"][0]["sentence"].startswith("watching only, ")
            await daemon.ticks(1, settled=True)
        assert (await asked(daemon, "/readyz"))[0] == 200
        assert "\nrepave_journal_up 1.0\n" in (await asked(daemon, "/metrics"))[1]
        told = [line["event"] for line in daemon.lines() if "the journal " in line["event"] and "settled" not in line]
        assert [text.partition(":")[0] for text in told] == ["the journal cannot be reached", "the journal is back"]
        assert await daemon.stopped() == 0
    assert await judged(scene, REPLACED) == []
