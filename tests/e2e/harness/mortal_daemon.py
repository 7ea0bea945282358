"""`repave` as it is, except that it stops dead right before or right after a write that moves a replacement.

    python -m tests.e2e.harness.mortal_daemon BOUNDARIES [AT SIGNAL] run -c CONFIG ...

BOUNDARIES: a file that gets the name of each boundary as it is reached. AT: at which of them the process sends itself
SIGNAL (SIGKILL or SIGSTOP): a number, counted from 0, or `NAME#K`, the one of that name after K others of it. How many
steps a balancer takes differs from run to run, and with it the numbers, but not what a name means.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.app.narrate import NarratedJournal
from controller.cli.command import run_command
from controller.domain.replacement import Event, Replacement


@dataclass
class Reaper:
    """Counts boundaries, notes their names, and strikes at one of them."""

    notes: Path
    strike_at: str = ""
    strike: signal.Signals = signal.SIGKILL
    passed: Counter[str] = field(default_factory=Counter)

    def boundary(self, name: str) -> None:
        with self.notes.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
        here = (str(self.passed.total()), f"{name}#{self.passed[name]}")
        self.passed[name] += 1
        if self.strike_at in here:
            os.kill(os.getpid(), self.strike)


def make_mortal(reaper: Reaper) -> None:
    """Put a boundary before and after every write of events. An acceptance that is refused writes nothing."""
    append, accept = NarratedJournal.append, NarratedJournal.accept

    async def mortal_append(self: NarratedJournal, events: Sequence[Event], lease: Any) -> None:
        name = " + ".join(_named(event) for event in events)
        reaper.boundary(f"before {name}")
        await append(self, events, lease)
        reaper.boundary(f"after {name}")

    async def mortal_accept(self: NarratedJournal, event: Event, lease: Any, budget: Any) -> Any:
        reaper.boundary("before accepted")
        answer = await accept(self, event, lease, budget)
        if isinstance(answer, Replacement):
            reaper.boundary("after accepted")
        return answer

    setattr(NarratedJournal, "append", mortal_append)  # noqa: B010 - a method, replaced on purpose
    setattr(NarratedJournal, "accept", mortal_accept)  # noqa: B010


def _named(event: Event) -> str:
    """Such as `launch started`, or `drain called elbv2.DeregisterTargets`."""
    return " ".join(filter(None, (event.step or "", str(event.kind), str(event.facts.get("call", "")))))


def main(arguments: Sequence[str]) -> int:
    """Read our own arguments, and hand the rest to the command."""
    own = arguments[: arguments.index("run")]
    reaper = Reaper(Path(own[0]))
    if len(own) > 1:
        reaper.strike_at, reaper.strike = own[1], signal.Signals[own[2]]
    make_mortal(reaper)
    return run_command(arguments[len(own) :])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
