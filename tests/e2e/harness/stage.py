"""Where the tests play: one embedded world with groups to spare, and a scene for each test upon it."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from controller.demo.process import RunningWorld, WorldGroupInfo, running_world
from controller.demo.scenario import GroupSpec, Timings
from controller.demo.scenarios import QUICK, quick
from controller.domain.replacement import Event, Replacement
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.record.ids import trace_id_of
from tests.e2e.harness.configuration import write
from tests.e2e.harness.daemon import REPAVE, Daemon, process
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.wire import DAEMON_KEY, Record, Request, mutations, read_wire
from tests.support.remote_world import RemoteWorld

KEYS = count(1)
"""Every daemon of a test run signs with a key of its own."""


@dataclass
class Stage:
    """A running world with its control pages, its wire log, and a receiver of traces. spare: groups not yet used."""

    world: RunningWorld
    remote: RemoteWorld
    tap: Tap
    wire_log: Path
    folder: Path
    spare: list[WorldGroupInfo]

    def scene(
        self, *kinds: str, fleet: Mapping[str, Any] | None = None, top: Mapping[str, Any] | None = None
    ) -> "Scene":
        """A configuration over one unused group of each kind; a kind is what a group's name begins with."""
        groups = tuple(self._take(kind) for kind in kinds)
        folder = self.folder / groups[0].name
        folder.mkdir()
        names = [group.name for group in groups]
        write(folder / "repave.yaml", self.world.region, names, fleet or {}, top or {})
        return Scene(self, folder, groups)

    def has(self, kind: str) -> bool:
        """Whether there is an unused group of this kind."""
        return any(group.name.startswith(kind) for group in self.spare)

    def _take(self, kind: str) -> WorldGroupInfo:
        found = next(group for group in self.spare if group.name.startswith(kind))
        self.spare.remove(found)
        return found


@asynccontextmanager
async def stage(folder: Path, tap: Tap, groups: Sequence[GroupSpec], timings: Timings = QUICK) -> AsyncIterator[Stage]:
    """A world with these groups for as long as the context lasts."""
    wire_log = folder / "wire.jsonl"
    scenario = quick(*groups, timings=timings)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(running_world(scenario, wire_log=wire_log, ready_within_seconds=60))
        remote = await stack.enter_async_context(RemoteWorld(world.control))
        yield Stage(world, remote, tap, wire_log, folder, list(world.groups))


@dataclass
class Scene:
    """One configuration with its journal, and the daemons that share it."""

    stage: Stage
    folder: Path
    groups: tuple[WorldGroupInfo, ...]
    keys: list[str] = field(default_factory=list)

    @property
    def group(self) -> WorldGroupInfo:
        """Its only group, or the first."""
        return self.groups[0]

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "repave.yaml"

    def daemon(
        self, *options: str, entry: Sequence[str] = REPAVE, until_settled: bool = True
    ) -> AbstractAsyncContextManager[Daemon]:
        """Start a daemon; use it as a context manager. options: for an entry of the tests' own, before `run`."""
        key = f"{DAEMON_KEY}{next(KEYS)}"
        self.keys.append(key)
        settled = ["--until-settled"] if until_settled else []
        command = [*entry, *options, "run", "-c", str(self.config), *settled]
        return process(command, self.environment(key), key, self.folder / f"{key}.log")

    async def repave(self, *arguments: str) -> tuple[int, str]:
        """Run another command on this configuration; its exit code and standard output."""
        key = f"{DAEMON_KEY}{next(KEYS)}"
        self.keys.append(key)
        child = await asyncio.create_subprocess_exec(
            *(*REPAVE, *arguments, "-c", str(self.config)),
            stdout=asyncio.subprocess.PIPE,
            env=self.environment(key),
        )
        output, _ = await child.communicate()
        return child.returncode or 0, output.decode()

    def environment(self, key: str) -> dict[str, str]:
        """Of a process that sees this world and this receiver only."""
        base = {name: value for name, value in os.environ.items() if not name.startswith(("REPAVE_", "OTEL_"))}
        own = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.stage.tap.endpoint, "NO_COLOR": "1"}
        return {**self.stage.world.environment(base, key), **own}

    def wire(self) -> tuple[Record, ...]:
        """The whole wire log of the stage."""
        return read_wire(self.stage.wire_log)

    def mutations(self, *daemons: Daemon) -> list[Request]:
        """The mutating requests of these daemons; of everything started in this scene when none is named."""
        keys = {daemon.key for daemon in daemons} or set(self.keys)
        return [item for item in mutations(self.wire()) if item.key in keys]

    async def replacements(self) -> list[Replacement]:
        """What the journal has, oldest first."""
        journal = self._journal()
        try:
            return list(await journal.replacements(1000))[::-1]
        finally:
            await journal.aclose()

    async def events(self, replacement: Replacement) -> tuple[Event, ...]:
        """The story of one replacement."""
        journal = self._journal()
        try:
            return await journal.events(replacement.id)
        finally:
            await journal.aclose()

    def trace_id(self, replacement: Replacement) -> str:
        """The trace that tells of a replacement."""
        return trace_id_of(replacement.id)

    def _journal(self) -> JournalAdapter:
        url = f"sqlite:///{self.config.with_suffix('.db')}"
        return JournalAdapter(SqlJournal.open(url, None, read_only=True))
