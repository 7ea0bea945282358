"""The crash test as one contract that every platform joins.

A platform says how one replacement can go there (its stories), opens a place in which such a story can be played many
times, and tells what is wrong at the end of one. Where a daemon dies, that another one finishes, and what has to be
true of the journal and the trace are the same for all, and live in `kills` and `matrix`.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from controller.domain.lifecycle import Outcome
from controller.domain.replacement import Event
from tests.e2e.harness.scene import Scene
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.traces import trace_problems
from tests.support.eventually import eventually

SceneT = TypeVar("SceneT", bound=Scene)


@dataclass(frozen=True, kw_only=True)
class Story(ABC, Generic[SceneT]):
    """A way in which one replacement can go.

    outcome: of its one replacement. exits: codes that a daemon may end with. config: what the fleet's configuration
    says besides. meanwhile: what somebody else does while it goes on. undone: whether the predecessor has to be there
    at the end.
    """

    name: str
    outcome: Outcome
    exits: frozenset[int] = frozenset({0})
    config: Mapping[str, Any] = field(default_factory=dict)
    meanwhile: Callable[[SceneT], Awaitable[None]] | None = None
    undone: bool = False

    @abstractmethod
    async def wrong(self, scene: SceneT) -> list[str]:
        """What is wrong in the world when it has ended, and on the way there at the wire: one sentence each."""


class Place(Protocol[SceneT]):
    """Where stories are played."""

    def has(self, story: Story[SceneT]) -> bool:
        """Whether there is room to play it once more."""

    def play(self, story: Story[SceneT]) -> AbstractAsyncContextManager[SceneT]:
        """A scene of its own for one run of a story."""


@dataclass(frozen=True, kw_only=True)
class Contract(Generic[SceneT]):
    """A platform that joins. stories: all of them. sample: where a daemon dies in them when there is little time.

    place: opens a place in a folder, with room for so many runs of each of these stories. runs: that one place bears.
    """

    name: str
    stories: Sequence[Story[SceneT]]
    sample: Sequence[tuple[Story[SceneT], str]]
    place: Callable[[Path, Tap, Sequence[Story[SceneT]], int], AbstractAsyncContextManager[Place[SceneT]]]
    runs: int

    def __str__(self) -> str:
        return self.name


async def judged(scene: SceneT, story: Story[SceneT]) -> list[str]:
    """What is wrong when a story has ended: one sentence each, and nothing when all is well."""
    found = await story.wrong(scene)
    done = await scene.replacements()
    if [item.outcome for item in done] != [story.outcome]:
        return [*found, f"outcomes {[str(item.outcome) for item in done]} instead of {story.outcome}"]
    events = await scene.events(done[0])
    if [event.ordinal for event in events] != list(range(len(events))):
        found.append("the journal has a gap")
    return found + await traced(scene, scene.trace_id(done[0]), events)


async def traced(scene: Scene, trace_id: str, events: Sequence[Event]) -> list[str]:
    """What is wrong with the trace, once the receiver has had a moment to take it in."""
    return await settles(lambda: trace_problems(scene.tap, trace_id, events, scene.on_the_root))


async def settles(problems: Callable[[], Sequence[str]], within_seconds: float = 10.0) -> list[str]:
    """The problems that are left when they have had a moment to go."""

    async def look() -> list[str]:
        return list(problems())

    return await settling(look, within_seconds)


async def settling(problems: Callable[[], Awaitable[list[str]]], within_seconds: float = 10.0) -> list[str]:
    """The same, of what has to be asked for."""
    found: list[str] = []

    async def look() -> bool:
        found[:] = await problems()
        return not found

    with suppress(AssertionError):
        await eventually(look, within_seconds=within_seconds)
    return found
