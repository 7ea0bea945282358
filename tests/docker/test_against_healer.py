"""Repave beside what is usually done, a loop that restarts unhealthy containers in place, and beside the bare minimum.

A sample of tests/benchmarks/test_healing.py, which prints the table of docs/benchmarks.md. What is asserted here has
wide margins: builds run on busy machines, and the three are measured in turn, not at once.
"""

import asyncio
from pathlib import Path

import pytest

from tests.docker.healing import at_the_least, by_repave, by_restarting, typical
from tests.support.docker_engine import Api
from tests.support.docker_images import Image

pytestmark = pytest.mark.alone

BOOT_SECONDS = 3.0


@pytest.mark.timeout(300)
async def test_repave_loses_less_than_a_restart_in_place_and_takes_hardly_longer_than_it_must(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    healer = await by_restarting(engine, app_image, tmp_path / "healer", BOOT_SECONDS)
    repave = await by_repave(engine, app_image, tmp_path / "repave", BOOT_SECONDS)
    least = typical(
        [await at_the_least(engine, app_image, tmp_path / f"least{number}", BOOT_SECONDS) for number in range(2)]
    )
    print(f"\nhealer {healer}\nrepave {repave}\nleast {least}")
    assert repave.lost == 0
    assert healer.lost >= 10
    assert repave.seconds < 2 * least.seconds
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is left behind"
