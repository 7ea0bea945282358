"""kill -9 of a real daemon at a boundary, and a second one that has to finish what it began."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.e2e.harness.contract import Place, SceneT, Story, judged
from tests.e2e.harness.daemon import MORTAL
from tests.e2e.harness.scene import Scene
from tests.support.wiretap import Moment

KILLED = -9
MOMENTS: tuple[Moment, ...] = ("before", "after")


@dataclass(frozen=True)
class Boundary:
    """Where to die. earlier: how many of the same name came before. moment: `before` or `after` a call takes effect;
    None at a write."""

    name: str
    earlier: int
    moment: Moment | None = None

    def __str__(self) -> str:
        return f"{self.moment} the effect of {self.name}" if self.moment else self.name


async def boundaries(place: Place[SceneT], story: Story[SceneT]) -> tuple[list[Boundary], list[str]]:
    """Every boundary of a clean run, writes first, and what was wrong with that run."""
    async with place.play(story) as scene:
        notes = scene.folder / "boundaries"
        async with meanwhile(scene, story), scene.daemon(str(notes), entry=MORTAL) as daemon:
            code = await daemon.ended()
        problems = await judged(scene, story)
        if code not in story.exits:
            problems.append(f"exit code {code}")
        writes = [Boundary(*one) for one in numbered(notes.read_text(encoding="utf-8").splitlines())]
        made = numbered(call.action for call in scene.mutations(daemon))
        calls = [Boundary(*one, moment) for one in made for moment in MOMENTS]
    return [*writes, *calls], problems


def numbered(names: Iterable[str]) -> list[tuple[str, int]]:
    """Each name, and how many of it came before."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        found.append((name, seen[name]))
        seen[name] += 1
    return found


async def die_and_finish(place: Place[SceneT], story: Story[SceneT], boundary: Boundary) -> list[str]:
    """Kill a daemon there, let a plain one finish; what is wrong then, and when the boundary was not reached."""
    async with place.play(story) as scene:
        async with meanwhile(scene, story):
            try:
                await (_die_at_call if boundary.moment else _die_at_write)(scene, boundary)
            except AssertionError as error:
                return [str(error)]
            async with scene.daemon() as second:
                code = await second.ended()
        problems = await judged(scene, story)
    return problems if code in story.exits else [*problems, f"exit code {code}"]


async def _die_at_write(scene: Scene, boundary: Boundary) -> None:
    notes = scene.folder / "boundaries"
    at = f"{boundary.name}#{boundary.earlier}"
    async with scene.daemon(str(notes), at, "SIGKILL", entry=MORTAL) as first:
        assert await first.ended() == KILLED, "it was not killed"
    reached = notes.read_text(encoding="utf-8").splitlines()[-1]
    assert reached == boundary.name, f"it died at {reached!r}"


async def _die_at_call(scene: Scene, boundary: Boundary) -> None:
    assert boundary.moment is not None
    name, moment, nth = boundary.name, boundary.moment, boundary.earlier + 1
    async with scene.daemon() as first, scene.held(first, name, moment=moment, nth=nth) as request:
        assert request.action == boundary.name, f"it was held at {request.action}"
        await first.killed()


@asynccontextmanager
async def meanwhile(scene: SceneT, story: Story[SceneT]) -> AsyncIterator[None]:
    """What somebody else does during the story."""
    task = asyncio.ensure_future(story.meanwhile(scene)) if story.meanwhile else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
