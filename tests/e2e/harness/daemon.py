"""One daemon as a process of its own: started, read, signalled, and always gone in the end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.domain.lifecycle import Phase
from tests.support.eventually import eventually

REPAVE = (str(Path(sys.executable).with_name("repave")),)
"""The command, as it is installed beside this Python."""

ROOT = Path(__file__).parents[3]
"""Where `tests` can be imported from."""

MORTAL = (sys.executable, "-m", "tests.e2e.harness.mortal_daemon")
PLANTED = (sys.executable, "-m", "tests.e2e.harness.planted_daemon")

SLOWEST_SECONDS = 110.0
"""For whatever a daemon does, with its start, which alone can take most of a minute on a busy machine."""

IN_TIME_SECONDS = 20.0
"""Within which a daemon that is told to stop has to be gone."""


@dataclass(frozen=True)
class Daemon:
    """A running (or ended) `repave run`. key: the access key id it signs with. log: its standard error."""

    process: asyncio.subprocess.Process
    key: str
    log: Path

    async def ended(self, within_seconds: float = SLOWEST_SECONDS) -> int:
        """Its exit code; negative for the signal that killed it."""
        try:
            async with asyncio.timeout(within_seconds):
                return await self.process.wait()
        except TimeoutError:
            last = "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-5:])
            raise AssertionError(f"it did not end within {within_seconds:g} s; its last words: {last}") from None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    async def killed(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self.process.wait()

    async def stopped(self) -> int:
        """SIGTERM, and its exit code: it delivers what it still can, and gives its leases up."""
        self.signal(signal.SIGTERM)
        return await self.ended(IN_TIME_SECONDS)

    def lines(self) -> list[dict[str, Any]]:
        """Its log so far, one object per line."""
        lines = self.log.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n") and line.startswith("{")]

    async def says(self, within_seconds: float = SLOWEST_SECONDS, **facts: object) -> dict[str, Any]:
        """Its first log line that carries these facts, as soon as it is there."""

        async def look() -> dict[str, Any] | None:
            return next((line for line in self.lines() if facts.items() <= line.items()), None)

        found = await eventually(look, within_seconds=within_seconds)
        assert found is not None
        return found

    async def reaches(self, phase: Phase, fleet: str, within_seconds: float = SLOWEST_SECONDS) -> str:
        """Wait until a replacement of this fleet stands in this phase; its id."""
        line = await self.says(within_seconds, phase=phase.value, fleet=fleet)
        return str(line["replacement_id"])

    async def ticks(self, more: int, **facts: object) -> None:
        """Wait for so many more ticks; facts: that their log lines carry (`settled`, `standby`, `fleet`)."""

        def seen() -> int:
            return sum("settled" in line and facts.items() <= line.items() for line in self.lines())

        wanted = seen() + more

        async def look() -> bool:
            return seen() >= wanted

        await eventually(look, within_seconds=SLOWEST_SECONDS)

    async def url(self) -> str:
        """Where it answers HTTP."""

        async def port() -> int | None:
            return next((int(line["port"]) for line in self.lines() if "port" in line), None)

        return f"http://127.0.0.1:{await eventually(port, within_seconds=SLOWEST_SECONDS)}"


@asynccontextmanager
async def process(command: Sequence[str], environment: Mapping[str, str], key: str, log: Path) -> AsyncIterator[Daemon]:
    """Start a daemon in a process group of its own; whatever is left of it at the end is killed."""
    with log.open("ab") as errors:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=errors,
            cwd=ROOT,
            env=dict(environment),
            start_new_session=True,
        )
    try:
        yield Daemon(child, key, log)
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
