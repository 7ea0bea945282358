"""A scene of any platform: a configuration with its journal, the daemons that share it, and what reached the world."""

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import ClassVar, Protocol

from ruamel.yaml import YAML

from controller.app.clients import SharedClients
from controller.clock import SystemClock
from controller.domain.ports import OpenedJournal
from controller.domain.replacement import Event, Replacement
from controller.journal.opening import open_journal
from controller.record.ids import trace_id_of
from tests.e2e.harness.daemon import REPAVE, Daemon, process
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.wire import DAEMON_KEY
from tests.support.wiretap import Moment

KEYS = count(1)
"""Every daemon of a test run has a key of its own, by which the world knows it."""


class Mutation(Protocol):
    """A request that would change something, as it reached the world."""

    @property
    def action(self) -> str:
        """What it asked for, in the vendor's word."""


class Held(Protocol):
    """A mutating request that the world holds."""

    @property
    def action(self) -> str:
        """What it asks for."""

    async def release(self) -> None:
        """Let it go on."""


@dataclass
class Scene(ABC):
    """What the crash test needs of a platform; everything else is the platform's own.

    folder: of its configuration, journal and logs. tap: takes its traces. keys: of what was started in it.
    """

    folder: Path
    tap: Tap
    keys: list[str] = field(default_factory=list, kw_only=True)

    on_the_root: ClassVar[frozenset[str]]
    """What the root span of its replacements says beside what every root says."""

    @abstractmethod
    def environment(self, key: str) -> dict[str, str]:
        """Of a process that sees this world and this receiver only, and is known there by this key."""

    @abstractmethod
    def mutations(self, *daemons: Daemon) -> Sequence[Mutation]:
        """The mutating requests of these daemons, refused ones included, in the order in which they came; of everything
        started in this scene when none is named."""

    @abstractmethod
    def held(
        self, daemon: Daemon, action: str | None = None, *, moment: Moment, nth: int = 1
    ) -> AbstractAsyncContextManager[Held]:
        """The nth mutating request of this daemon (of those that ask for `action`), held `before` or `after` its
        effect. Its connection is cut in the end; before its effect, that means that it never has one."""

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "repave.yaml"

    def daemon(
        self, *options: str, entry: Sequence[str] = REPAVE, until_settled: bool = True
    ) -> AbstractAsyncContextManager[Daemon]:
        """Start a daemon; use it as a context manager. options: for an entry of the tests' own, before `run`."""
        key = self._key(looks=False)
        settled = ["--until-settled"] if until_settled else []
        command = [*entry, *options, "run", "-c", str(self.config), *settled]
        return process(command, self._environment(key), key, self.folder / f"{key}.log")

    async def repave(self, *arguments: str) -> tuple[int, str]:
        """Run another command on this configuration; its exit code and standard output."""
        child = await asyncio.create_subprocess_exec(
            *(*REPAVE, *arguments, "-c", str(self.config)),
            stdout=asyncio.subprocess.PIPE,
            env=self._environment(self._key(looks=True)),
        )
        output, _ = await child.communicate()
        return child.returncode or 0, output.decode()

    async def replacements(self) -> list[Replacement]:
        """What the journal has, oldest first."""
        async with self.journal() as journal:
            return list(await journal.replacements(1000))[::-1]

    async def events(self, replacement: Replacement) -> tuple[Event, ...]:
        """The story of one replacement."""
        async with self.journal() as journal:
            return await journal.events(replacement.id)

    def trace_id(self, replacement: Replacement) -> str:
        """The trace that tells of a replacement."""
        return trace_id_of(replacement.id)

    def _key(self, *, looks: bool) -> str:
        """Of a new process. looks: it cannot act, whatever the configuration says."""
        self.keys.append(f"{self.signs(looks=looks)}{next(KEYS)}")
        return self.keys[-1]

    def signs(self, *, looks: bool) -> str:
        """What the key of a process begins with."""
        return DAEMON_KEY

    def _environment(self, key: str) -> dict[str, str]:
        return {**self.environment(key), "OTEL_EXPORTER_OTLP_ENDPOINT": self.tap.endpoint, "NO_COLOR": "1"}

    @asynccontextmanager
    async def journal(self) -> AsyncIterator[OpenedJournal]:
        """Its journal, wherever the configuration keeps it, to read."""
        state = YAML(typ="safe").load(self.config)["state"]
        clients = SharedClients(SystemClock())
        try:
            async with open_journal(state, None, clients, read_only=True) as journal:
                yield journal
        finally:
            await clients.aclose()


def plain_environment() -> dict[str, str]:
    """Ours, without what would point a daemon somewhere else."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("REPAVE_", "OTEL_"))}
