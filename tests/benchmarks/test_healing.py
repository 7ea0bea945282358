"""Unhealthy to serving, and requests lost: Repave, a restart in place, the bare minimum, in one run. Prints a table."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.healing import PER_SECOND, Healed, at_the_least, by_repave, by_restarting, typical
from tests.support.docker_engine import Api, running_engine
from tests.support.docker_images import Image, Recipe, build

ROUNDS = int(os.environ.get("ROUNDS", "5"))
WAYS = {"restart in place": by_restarting, "Repave": by_repave, "bare minimum": at_the_least}


@pytest.fixture
def engine() -> Iterator[Api]:
    with running_engine() as api:
        yield api


@pytest.fixture
def image(engine: Api) -> Image:
    return asyncio.run(build(engine, "healing", Recipe()))


@pytest.mark.full_matrix
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("boot_seconds", [0.0, 3.0])
async def test_healing_side_by_side(engine: Api, image: Image, tmp_path: Path, boot_seconds: float) -> None:
    """The ways take turns, so that a machine that gets busier does so for all of them."""
    runs: dict[str, list[Healed]] = {name: [] for name in WAYS}
    for number in range(ROUNDS):
        for name, way in WAYS.items():
            runs[name].append(await way(engine, image, tmp_path / f"{way.__name__}-{number}", boot_seconds))
    found = {name: typical(seen) for name, seen in runs.items()}
    print(f"\nan app that boots in {boot_seconds:g} s; medians of {ROUNDS} at {PER_SECOND:g} requests/s")
    for name, one in found.items():
        each = " ".join(f"{run.seconds:.2f}" for run in runs[name])
        print(f"| {boot_seconds:g} s | {name} | {one.seconds:.2f} s | {one.lost} | ({each})")
    repave, least = found["Repave"], found["bare minimum"]
    print(f"Repave takes {repave.seconds / least.seconds:.2f} times the bare minimum")
    assert found["restart in place"].lost >= 10 * max(1, repave.lost)
