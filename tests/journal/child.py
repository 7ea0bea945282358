"""Another process on the same journal: `python -m tests.journal.child accept|append URL ...`, see the functions."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from itertools import count

from controller.app.clients import SharedClients
from controller.clock import SystemClock
from controller.domain.lifecycle import Outcome
from controller.domain.ports import Budget, OpenedJournal
from controller.domain.replacement import Replacement
from controller.journal.opening import open_journal
from tests.journal.material import NOON, EventSpans, accepted, begun, following, later, lease_of, to_end


async def accept(journal: OpenedJournal, fleet: str, tries: str, everywhere: str) -> None:
    """Accept as often as the budget over all fleets lets us; says how often that was. Waits for a line to begin."""
    budget = Budget(1000, 1000, int(everywhere), 1000)
    lease = await lease_of(journal, fleet)
    print("ready", flush=True)
    sys.stdin.readline()
    won = 0
    for n in range(int(tries)):
        event = accepted(f"{fleet}-{n}", fleet=fleet, predecessor=f"{fleet}-old-{n}")
        won += isinstance(await journal.accept(event, lease, budget), Replacement)
    print(won, flush=True)


async def append(journal: OpenedJournal, life: str) -> None:
    """Replacement after replacement, until killed. Says after each transaction which event is journaled for sure."""
    lease = await lease_of(journal, owner=f"d-{life}", at=later(48 * 3600 * int(life)))
    for number in count():
        name = f"r-{life}-{number}"
        await begun(journal, lease, accepted(name, predecessor=f"old-of-{name}"))
        print(name, 0, flush=True)
        outcome = tuple(Outcome)[number % len(Outcome)]
        events = following(name, 1, to_end(outcome, f"new-of-{name}"), NOON)
        for size, batch in batches(len(events)):
            await journal.append(events[batch : batch + size], lease)
            print(name, events[batch + size - 1].ordinal, flush=True)


def batches(length: int) -> Iterator[tuple[int, int]]:
    """Sizes 1, 2, 3, 1, 2, 3 ... and where each begins, until `length` is used up."""
    begin = 0
    for n in count():
        if begin == length:
            return
        size = min(n % 3 + 1, length - begin)
        yield size, begin
        begin += size


WORK: dict[str, Callable[..., Awaitable[None]]] = {"accept": accept, "append": append}


async def main(what: str, url: str, *arguments: str) -> None:
    clients = SharedClients(SystemClock())
    async with open_journal(url, EventSpans(), clients) as journal:
        await WORK[what](journal, *arguments)
    await clients.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
