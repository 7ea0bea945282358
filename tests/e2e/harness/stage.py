"""Where stories of Auto Scaling groups play: one embedded world with groups to spare, a scene for each test upon it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from controller.demo.process import RunningWorld, WorldGroupInfo
from controller.demo.scenario import GroupSpec, Timings
from controller.demo.scenarios import QUICK, quick
from tests.e2e.harness.configuration import write
from tests.e2e.harness.contract import Story
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.permissions import LAUNCHING_KEY, LOOKING_KEY, MEMBERS_KEY, denied, enforce, tagged
from tests.e2e.harness.scene import Scene, plain_environment
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.wire import DAEMON_KEY, Record, Request, mutations, read_wire
from tests.support.eventually import eventually
from tests.support.remote_world import RemoteWorld
from tests.support.worlds import forked_world


@dataclass
class Stage:
    """A running world with its control pages, its wire log, and a receiver of traces. spare: groups not yet used.
    state: makes the address of a journal for a scene; None for a file beside its configuration.
    beside: what the environment of its daemons says besides."""

    world: RunningWorld
    remote: RemoteWorld
    tap: Tap
    wire_log: Path
    folder: Path
    spare: list[WorldGroupInfo]
    state: Callable[[], str] | None = None
    beside: Mapping[str, str] = field(default_factory=dict)

    def scene(
        self, *kinds: str, fleet: Mapping[str, Any] | None = None, top: Mapping[str, Any] | None = None
    ) -> "GroupScene":
        """A configuration over one unused group of each kind; a kind is what a group's name begins with."""
        groups = tuple(self._take(kind) for kind in kinds)
        folder = self.folder / groups[0].name
        folder.mkdir()
        names = [group.name for group in groups]
        kept = {"state": self.state()} if self.state else {}
        write(folder / "repave.yaml", self.world.region, names, fleet or {}, kept | dict(top or {}))
        return GroupScene(folder, self.tap, self, groups)

    def has(self, story: "Story[GroupScene]") -> bool:
        """Whether there is an unused group for this story."""
        return any(group.name.startswith(story.name) for group in self.spare)

    @asynccontextmanager
    async def play(self, story: "Story[GroupScene]") -> "AsyncIterator[GroupScene]":
        """A scene over one unused group for this story."""
        yield self.scene(story.name, fleet=story.config)

    def _take(self, kind: str) -> WorldGroupInfo:
        found = next(group for group in self.spare if group.name.startswith(kind))
        self.spare.remove(found)
        return found


@asynccontextmanager
async def stage(folder: Path, tap: Tap, groups: Sequence[GroupSpec], timings: Timings = QUICK) -> AsyncIterator[Stage]:
    """A world with these groups for as long as the context lasts, in which the shipped policies are in force."""
    wire_log = folder / "wire.jsonl"
    scenario = quick(*tagged(groups), timings=timings)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(forked_world(scenario, wire_log))
        remote = await stack.enter_async_context(RemoteWorld(world.control))
        await enforce(remote, wire_log)
        yield Stage(world, remote, tap, wire_log, folder, list(world.groups))
        assert (found := denied(read_wire(wire_log))) == [], f"the shipped policies do not allow: {', '.join(found)}"


@dataclass(frozen=True)
class HeldCall:
    """A request that the embedded world holds."""

    remote: RemoteWorld
    number: int
    action: str

    async def release(self, outcome: str = "proceed") -> None:
        """Let it go on, or `drop` its connection."""
        await self.remote.release(self.number, outcome)


@dataclass
class GroupScene(Scene):
    """One configuration over one or more groups of the world. policies: keys of other policies than those of its mode
    begin so."""

    stage: Stage
    groups: tuple[WorldGroupInfo, ...]
    policies: str = field(default="", kw_only=True)

    on_the_root: ClassVar = frozenset(
        {"host.id", "host.image.id", "cloud.provider", "cloud.region", "cloud.availability_zone"}
    )

    @property
    def group(self) -> WorldGroupInfo:
        """Its only group, or the first."""
        return self.groups[0]

    def signs(self, *, looks: bool) -> str:
        """By what it may do: whoever only looks has the policy for that alone."""
        written = self.config.read_text(encoding="utf-8")
        if self.policies or looks or "\nmode: observe\n" in written:
            return self.policies or LOOKING_KEY
        if "role_arn: " in written:
            return MEMBERS_KEY
        return LAUNCHING_KEY if "launch: launch_instances" in written else DAEMON_KEY

    def environment(self, key: str) -> dict[str, str]:
        """Of a process that sees this world only, and signs with this key."""
        return {**self.stage.world.environment(plain_environment(), key), **self.stage.beside}

    def wire(self) -> tuple[Record, ...]:
        """The whole wire log of the stage."""
        return read_wire(self.stage.wire_log)

    def mutations(self, *daemons: Daemon) -> list[Request]:
        """The mutating requests of these daemons; of everything started in this scene when none is named."""
        keys = {daemon.key for daemon in daemons} or set(self.keys)
        return [item for item in mutations(self.wire()) if item.key in keys]

    @asynccontextmanager
    async def held(
        self, daemon: Daemon, action: str | None = None, *, moment: str, nth: int = 1
    ) -> AsyncIterator[HeldCall]:
        """A mutating request of this daemon that the world holds. Its connection is cut in the end; before its effect,
        that means that it never has one."""
        remote, named = self.stage.remote, {} if action is None else {"action": action}
        added = await remote.add_rule(key=daemon.key, mutating=True, moment=moment, nth=nth, hold=True, **named)

        async def look() -> HeldCall | None:
            found = (item for item in await remote.waiting() if item["rule"] == added)
            return next((HeldCall(remote, item["id"], item["action"]) for item in found), None)

        request = await eventually(look, within_seconds=150)
        assert request is not None
        try:
            yield request
        finally:
            with suppress(ValueError):
                await request.release("drop")
