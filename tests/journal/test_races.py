"""Real threads and real processes on one store."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from threading import Barrier

from controller.domain.errors import IllegalTransition, LeaseLost
from controller.domain.lifecycle import Kind
from controller.domain.ports import Lease
from controller.domain.replacement import Replacement
from controller.journal.adapter import JournalAdapter
from tests.journal.backends import Backend
from tests.journal.material import NOON, ROOMY, EventSpans, accepted, begun, following, later, lease_of
from tests.journal.processes import child


def together(count: int, racer: Callable[[asyncio.Runner, int, Barrier], list[bool]]) -> list[list[bool]]:
    """Run racers in threads of their own; whether each of them won each round."""
    barrier = Barrier(count)

    def run(number: int) -> list[bool]:
        with asyncio.Runner() as runner:
            try:
                return racer(runner, number, barrier)
            except BaseException:
                barrier.abort()
                raise

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_of_two_fleets_exactly_one_gets_the_last_slot(shared_backend: Backend) -> None:
    fleets = ("web", "api")
    journals = [shared_backend.open(EventSpans()) for _ in fleets]
    leases = [asyncio.run(lease_of(journal, fleet)) for journal, fleet in zip(journals, fleets, strict=True)]

    def racer(runner: asyncio.Runner, number: int, barrier: Barrier) -> list[bool]:
        won = []
        for round_ in range(shared_backend.rounds):
            name = f"{fleets[number]}-{round_}"
            event = accepted(name, fleet=fleets[number], predecessor=f"old-of-{name}")
            last_slot = replace(ROOMY, replacements_per_hour_everywhere=round_ + 1)
            barrier.wait(60)
            got = runner.run(journals[number].accept(event, leases[number], last_slot))
            won.append(isinstance(got, Replacement))
        return won

    results = together(2, racer)
    assert [one + two for one, two in zip(*results, strict=True)] == [1] * shared_backend.rounds


def test_of_two_daemons_exactly_one_gets_the_lease(shared_backend: Backend) -> None:
    journals = [shared_backend.open() for _ in range(3)]
    tokens: list[set[int]] = [set() for _ in range(shared_backend.rounds)]

    def racer(runner: asyncio.Runner, number: int, barrier: Barrier) -> list[bool]:
        won = []
        for round_ in range(shared_backend.rounds):
            barrier.wait(60)
            # Each round begins when the lease of the one before has run out.
            lease = runner.run(journals[number].acquire("web", f"d-{number}", 10, later(10 * round_)))
            if lease:
                tokens[round_].add(lease.token)
            won.append(lease is not None)
        return won

    results = together(3, racer)
    assert [sum(round_) for round_ in zip(*results, strict=True)] == [1] * shared_backend.rounds
    assert tokens == [{round_ + 1} for round_ in range(shared_backend.rounds)]


def test_of_two_who_append_the_same_ordinal_exactly_one_succeeds(shared_backend: Backend) -> None:
    journals = [shared_backend.open(EventSpans()) for _ in range(2)]
    lease = asyncio.run(lease_of(journals[0]))
    asyncio.run(begun(journals[0], lease))

    def racer(runner: asyncio.Runner, number: int, barrier: Barrier) -> list[bool]:
        return [tried(runner, journals[number], lease, round_ + 1, barrier) for round_ in range(shared_backend.rounds)]

    results = together(2, racer)
    assert [one + two for one, two in zip(*results, strict=True)] == [1] * shared_backend.rounds
    story = asyncio.run(journals[0].events("r-1"))
    assert [event.ordinal for event in story] == list(range(shared_backend.rounds + 1))
    assert len(asyncio.run(journals[0].pending(1000))) == shared_backend.rounds + 1


def tried(runner: asyncio.Runner, journal: JournalAdapter, lease: Lease, ordinal: int, barrier: Barrier) -> bool:
    barrier.wait(60)
    try:
        runner.run(journal.append(following("r-1", ordinal, [(Kind.CONTINUED, None, {})]), lease))
    except IllegalTransition:
        return False
    return True


def test_nothing_of_the_old_owner_comes_after_the_lease_was_taken_over(shared_backend: Backend) -> None:
    old, new = shared_backend.open(EventSpans()), shared_backend.open(EventSpans())

    def racer(runner: asyncio.Runner, number: int, barrier: Barrier) -> list[bool]:
        if number == 0:
            return [runner.run(writes_until_refused(old, f"f-{n}", barrier)) for n in range(shared_backend.rounds // 3)]
        return [runner.run(still_after_taking_over(new, f"f-{n}", barrier)) for n in range(shared_backend.rounds // 3)]

    refused, still = together(2, racer)
    assert all(refused)
    assert all(still)


async def writes_until_refused(old: JournalAdapter, fleet: str, barrier: Barrier) -> bool:
    lease = await old.acquire(fleet, "d-old", 30, NOON)
    assert lease
    await begun(old, lease, accepted(f"r-{fleet}", fleet=fleet, predecessor=f"old-of-{fleet}"))
    barrier.wait(60)
    ordinal = 1
    while ordinal < 20 and await continued(old, lease, ordinal):
        ordinal += 1
    barrier.wait(60)
    return not await continued(old, lease, ordinal)


async def continued(journal: JournalAdapter, lease: Lease, ordinal: int) -> bool:
    try:
        await journal.append(following(f"r-{lease.fleet}", ordinal, [(Kind.CONTINUED, None, {})]), lease)
    except LeaseLost:
        return False
    return True


async def still_after_taking_over(new: JournalAdapter, fleet: str, barrier: Barrier) -> bool:
    barrier.wait(60)
    assert await new.acquire(fleet, "d-new", 30, later(30))
    story = await new.events(f"r-{fleet}")
    barrier.wait(60)
    return await new.events(f"r-{fleet}") == story


def test_two_processes_spend_one_budget_once(shared_backend: Backend) -> None:
    budget, tries = shared_backend.rounds * 5 // 12, shared_backend.rounds // 3
    watching = shared_backend.open()
    with ExitStack() as stack:
        children = [
            stack.enter_context(child("accept", shared_backend.url, fleet, str(tries), str(budget)))
            for fleet in ("web", "api")
        ]
        assert [one.line() for one in children] == ["ready", "ready"]
        for one in children:
            one.go()
        assert sum(int(one.line()) for one in children) == budget
    assert len(asyncio.run(watching.open_replacements())) == budget


def test_many_may_open_a_journal_that_is_not_there_yet(shared_backend: Backend) -> None:
    def racer(runner: asyncio.Runner, number: int, barrier: Barrier) -> list[bool]:
        barrier.wait(60)
        return [runner.run(shared_backend.open().healthy())]

    assert together(8, racer) == [[True]] * 8
