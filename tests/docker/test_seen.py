"""What a real engine says of its containers, as a plan tells it: age, image, drift, health."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.clock import SystemClock
from tests.docker.looking import looked, vetoes
from tests.support.docker_engine import Api
from tests.support.docker_fleet import fleet
from tests.support.docker_images import Image, Recipe, build, move_tag, remove
from tests.support.eventually import eventually

OLD = datetime(2026, 1, 2, tzinfo=UTC)


async def test_an_aged_image_waits_for_a_fresher_one_and_a_moved_tag_is_a_drift(engine: Api, tmp_path: Path) -> None:
    policy = "max_image_age: 30d\ndrift: [image_digest]\nlimits: {max_in_flight: 2}"
    aged = await build(engine, "seen-aged", Recipe(created=OLD))
    fresh = await build(engine, "seen-fresh", Recipe(created=SystemClock().now() - timedelta(days=1)))
    short = {image: image.id.removeprefix("sha256:")[:12] for image in (aged, fresh)}
    try:
        async with fleet(engine, aged, 1) as web:
            (seen,) = (await looked(engine, tmp_path, web.label, policy)).values()
            assert (seen["verdict"], seen["decision"]) == ("aged", "hold")
            assert seen["image"]["id"] == short[aged]
            assert datetime.fromisoformat(seen["image"]["created_at"]) == OLD
            assert vetoes(seen) == {"no_fresher_image": f"a launch would use the same image {short[aged]}"}
            await move_tag(engine, aged.reference, fresh)
            (seen,) = (await looked(engine, tmp_path, web.label, policy)).values()
            assert (seen["verdict"], seen["decision"], seen["findings"]) == ("drifted", "replace", ["aged", "drifted"])
            drift = next(item for item in seen["evidence"] if item["rule"] == "image_digest")
            assert drift["value"] == f"differs: {short[aged]}, a launch would use {short[fresh]}"
    finally:
        await remove(engine, aged.reference, fresh.reference)


async def test_an_image_without_its_reference_and_without_a_date_condemns_nobody(engine: Api, tmp_path: Path) -> None:
    image = await build(engine, "seen-lost", Recipe(created=datetime(1970, 1, 1, tzinfo=UTC)))
    async with fleet(engine, image, 1) as web:
        await engine.call("DELETE", f"/images/{image.reference}", force=True)
        policy = "max_image_age: 30d\ndrift: [image_digest]"
        (seen,) = (await looked(engine, tmp_path, web.label, policy)).values()
        assert (seen["verdict"], seen["decision"]) == ("healthy", "keep")
        outcomes = {item["rule"]: item["reason"] for item in seen["evidence"] if item["outcome"] == "unknown"}
        assert outcomes == {"image_digest": f"it cannot be told which image {image.reference} means now"}


async def test_a_container_that_hangs_or_has_ended_does_not_serve(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 3) as web:
        await web.healthy()
        await engine.signal(web[1].id, signal.SIGSTOP)
        await engine.signal(web[2].id, signal.SIGKILL)

        async def both() -> bool:
            seen = await looked(engine, tmp_path, web.label, "max_age: 30d")
            return {name: one["serving"] for name, one in seen.items()} == {
                web.name(1): False,
                web.name(2): False,
                web.name(3): True,
            }

        await eventually(both, within_seconds=30, every_seconds=0.3)
