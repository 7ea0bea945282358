from controller.domain.lifecycle import Kind
from controller.journal.adapter import JournalAdapter
from controller.journal.outbox import LET_GO_AT_ONCE
from tests.journal.backends import Backend
from tests.journal.material import Move, begun, following, later, lease_of

A_DAY = 24 * 3600
AT_ONCE = 30
"""Events of one append: three items each on DynamoDB, in a transaction of a hundred."""
MORE_THAN_A_TRANSACTION = 130


async def filled(journal: JournalAdapter, count: int) -> list[int]:
    """The ids of that many spans."""
    lease = await lease_of(journal)
    await begun(journal, lease)
    on: list[Move] = [(Kind.CONTINUED, None, {})]
    events = [event for n in range(1, count) for event in following("r-1", n, on, later(n))]
    for start in range(0, len(events), AT_ONCE):
        await journal.append(events[start : start + AT_ONCE], lease)
    return [outbox_id for outbox_id, _, _ in await journal.pending(count + 1)]


async def test_the_oldest_come_first_and_identical_each_time(journal: JournalAdapter) -> None:
    await filled(journal, 5)
    first = await journal.pending(2)
    assert [body for _, body, _ in first] == [b"r-1/0 accepted", b"r-1/1 continued"]
    assert [created_at for _, _, created_at in first] == [later(0), later(4)]
    assert await journal.pending(2) == first
    assert len(await journal.pending(100)) == 5


async def test_what_was_delivered_or_poisoned_is_not_sent_again(journal: JournalAdapter) -> None:
    ids = await filled(journal, 5)
    await journal.delivered([ids[1], ids[3]], later(10))
    await journal.poisoned(ids[0], "413 Payload Too Large", later(10))
    assert [outbox_id for outbox_id, _, _ in await journal.pending(100)] == [ids[2], ids[4]]
    assert await journal.outbox_size() == 2
    await journal.delivered([], later(11))


async def test_only_the_bytes_of_old_deliveries_are_let_go_of(backend: Backend, journal: JournalAdapter) -> None:
    ids = await filled(journal, 5)
    await journal.delivered([ids[0]], later(0))
    await journal.delivered([ids[1]], later(1))
    await journal.poisoned(ids[2], "400", later(0))
    await journal.delivered([ids[3]], later(A_DAY + 1))
    # ids[0] is older than a day; ids[1] is a day old; ids[2] was refused, ids[4] never sent.
    assert backend.kept() == (ids[1:] if backend.keeps_delivered_bytes else [ids[2], ids[4]])


async def test_letting_go_is_bounded(backend: Backend, journal: JournalAdapter) -> None:
    left = 3 if backend.keeps_delivered_bytes else 0
    ids = await filled(journal, LET_GO_AT_ONCE + left if left else MORE_THAN_A_TRANSACTION)
    await journal.delivered(ids, later(0))
    await journal.delivered([], later(2 * A_DAY))
    assert len(backend.kept()) == left
    await journal.delivered([], later(2 * A_DAY))
    assert backend.kept() == []
