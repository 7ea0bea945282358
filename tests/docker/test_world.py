"""The world that the other tests here rely on does what it says: the faults are faults, and an end is a clean end."""

import asyncio
import signal
from datetime import UTC, datetime

from tests.support.docker_engine import Api
from tests.support.docker_fleet import fleet
from tests.support.docker_images import CREATED, Image, Recipe, build, image_id, move_tag, remove
from tests.support.eventually import eventually
from tests.support.load import Outcome, load


async def test_containers_come_answer_break_and_go(engine: Api, app_image: Image) -> None:
    async with fleet(engine, app_image, 2) as web:
        await web.answering()
        await web.healthy()
        assert await web.ask(web[1], "/") == (200, f"{web[1].short}\n")
        assert await web.ask(web[1], "/control/log?line=out+of+luck") == (200, "done\n")

        async def logged() -> bool:
            return b"out of luck" in (await engine.call("GET", f"/containers/{web[1].id}/logs", stdout=True) or b"")

        await eventually(logged)
        await web.ask(web[1], "/control/leak?mib=40")
        stats = await engine.call("GET", f"/containers/{web[1].id}/stats", **{"stream": False, "one-shot": True})
        assert stats["memory_stats"]["usage"] > 40 * 1024 * 1024
        await web.ask(web[1], "/control/fail")
        assert (await web.ask(web[1], "/"))[0] == 500
        await engine.signal(web[2].id, signal.SIGSTOP)

        async def both_unhealthy() -> bool:
            seen = [await engine.inspect(web[number].id) for number in (1, 2)]
            return {one["State"]["Health"]["Status"] for one in seen} == {"unhealthy"}

        await eventually(both_unhealthy, within_seconds=30)
        label = web.label
    assert await engine.containers(label) == []


async def test_who_is_told_to_stop_answers_what_is_under_way(engine: Api, app_image: Image) -> None:
    async with fleet(engine, app_image, 1) as web:
        await web.answering()
        await web.ask(web[1], "/control/slow?seconds=0.5")
        async with load(f"http://{web[1].address}/", 100) as log:
            await eventually(lambda: _sent(log.outcomes, 10))
        under_way = asyncio.ensure_future(web.ask(web[1], "/"))
        await asyncio.sleep(0.2)
        await engine.call("POST", f"/containers/{web[1].id}/stop")
        assert (await under_way)[0] == 200
        assert (await engine.inspect(web[1].id))["State"]["ExitCode"] == 0
        assert log.failures() == [], str(log)
        assert log.servers().keys() == {web[1].short}


async def _sent(outcomes: list[Outcome], count: int) -> bool:
    return len(outcomes) >= count


async def test_an_exec_and_a_moved_tag_are_what_they_are(engine: Api) -> None:
    old = datetime(2026, 1, 2, tzinfo=UTC)
    aged = await build(engine, "world-aged", Recipe(created=old))
    fresh = await build(engine, "world-fresh", Recipe(labels={"version": "2"}))
    try:
        assert aged.id != fresh.id
        async with fleet(engine, aged, 1) as web:
            assert (await engine.inspect(web[1].id))["Config"]["Labels"][CREATED] == old.isoformat()
            await engine.execute(web[1].id, "/bin/touch", "/etc/changed")
            changes = await engine.call("GET", f"/containers/{web[1].id}/changes")
            assert "/etc/changed" in {one["Path"] for one in changes}
            await move_tag(engine, aged.reference, fresh)
            assert await image_id(engine, aged.reference) == fresh.id != (await engine.inspect(web[1].id))["Image"]
    finally:
        await remove(engine, aged.reference, fresh.reference)


async def test_an_app_boots_as_slowly_as_it_is_told(engine: Api, app_image: Image) -> None:
    async with fleet(engine, app_image, 1, environment={"BOOT_SECONDS": "2"}) as web:
        began = asyncio.get_running_loop().time()
        await web.answering()
        assert asyncio.get_running_loop().time() - began > 1.0
