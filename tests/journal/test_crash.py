"""kill -9 in the middle of many transactions: nothing lost that was acknowledged, nothing half written."""

import asyncio
import random

from controller.domain.replacement import fold
from controller.journal.adapter import JournalAdapter
from tests.journal.backends import Backend
from tests.journal.material import span_key
from tests.journal.processes import child


def test_a_killed_process_leaves_whole_transactions_only(shared_backend: Backend) -> None:
    dice = random.Random(7)
    acknowledged: dict[str, int] = {}
    for life in range(shared_backend.lives):
        with child("append", shared_backend.url, str(life)) as writer:
            said = [writer.line() for _ in range(dice.randrange(5, 2 * shared_backend.rounds))]
            said += writer.kill()
        assert all(said), "it died before it was killed"
        acknowledged |= {name: int(ordinal) for name, ordinal in map(str.split, said)}
    asyncio.run(check(shared_backend.open(), acknowledged, shared_backend.lives))


async def check(journal: JournalAdapter, acknowledged: dict[str, int], lives: int) -> None:
    found = await journal.replacements(limit=100_000)
    stories = {one.id: await journal.events(one.id) for one in found}
    assert [fold(story) for story in stories.values()] == list(found)
    assert await journal.open_replacements() == tuple(reversed([one for one in found if one.open]))

    lengths = {name: len(story) for name, story in stories.items()}
    assert acknowledged.keys() <= lengths.keys()
    assert all(lengths[name] > ordinal for name, ordinal in acknowledged.items())
    # At most one transaction per life was written without its writer living to say so.
    assert len(lengths.keys() - acknowledged.keys()) <= lives

    spans = [body for _, body, _ in await journal.pending(1_000_000)]
    events = [event for story in stories.values() for event in story]
    assert sorted(spans) == sorted(f"{span_key(event)} {event.kind}".encode() for event in events)
    assert sum(one.open for one in found) <= lives
