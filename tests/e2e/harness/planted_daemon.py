"""`repave` with a bug planted in it, to see that the tests would find such a one.

    python -m tests.e2e.harness.planted_daemon BUG run -c CONFIG ...

no_intent: a call is journaled only once its outcome is known. no_lease: every daemon takes the lease for its own.
mends: before it creates a successor, it restarts the container that is to go, past the client that would refuse.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import ClientSession, UnixConnector

from controller.act.saga import Saga
from controller.cli.command import run_command
from controller.domain.lifecycle import NEXT_STEP, Kind
from controller.domain.ports import Lease, Progress, Work
from controller.journal.adapter import JournalAdapter
from controller.platforms.docker import DockerPlatform


def no_intent() -> None:
    """The effect comes first: whoever dies in between knows of nothing."""

    async def mutate(self: Saga, call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[Any]]) -> Any:
        step = None if self.state.undoing else NEXT_STEP[self.state.phase]
        about = {"call": call, "ordinal": len(self.state.calls)}
        result = await perform()
        called = (Kind.CALLED, step, {**about, "arguments": dict(arguments)})
        await self.record(called, (Kind.RETURNED, step, {**about, "outcome": "ok"}))
        return result

    setattr(Saga, "mutate", mutate)  # noqa: B010 - a method, replaced on purpose


def no_lease() -> None:
    """Everybody is the owner, and so nobody stands by."""
    acquire = JournalAdapter.acquire

    async def acquire_for_anybody(
        self: JournalAdapter, fleet: str, owner: str, ttl_seconds: float, now: Any
    ) -> Lease | None:
        return await acquire(self, fleet, "anybody", ttl_seconds, now)

    setattr(JournalAdapter, "acquire", acquire_for_anybody)  # noqa: B010


def mends() -> None:
    """Perhaps a restart helps."""
    launch = DockerPlatform.launch

    async def restart_and_launch(self: DockerPlatform, work: Work) -> Progress:
        connector = UnixConnector(work.replacement.group.removeprefix("unix://"))
        url = f"http://engine/containers/{work.replacement.predecessor}/restart?t=0"
        async with ClientSession(connector=connector) as session, session.post(url):
            pass
        return await launch(self, work)

    setattr(DockerPlatform, "launch", restart_and_launch)  # noqa: B010


BUGS = {"no_intent": no_intent, "no_lease": no_lease, "mends": mends}


def main(arguments: Sequence[str]) -> int:
    """Plant the bug, and hand the rest to the command."""
    BUGS[arguments[0]]()
    return run_command(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
