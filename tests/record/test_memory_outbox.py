"""Spans that are worth sending and not worth keeping: bounded, oldest out first, and delivered like any other."""

from controller.record.memory_outbox import MemoryOutbox
from tests.support.virtual import START


async def test_oldest_first_and_gone_once_delivered() -> None:
    outbox = MemoryOutbox()
    outbox.add([b"a", b"b", b"c"], START)
    first = await outbox.pending(2)
    assert [body for _, body, _ in first] == [b"a", b"b"]
    await outbox.delivered([number for number, _, _ in first], START)
    await outbox.poisoned((await outbox.pending(1))[0][0], "no", START)
    assert await outbox.pending(9) == []
    assert outbox.dropped == 0


async def test_the_oldest_give_way_and_are_counted() -> None:
    outbox = MemoryOutbox(most=2)
    outbox.add([b"a", b"b"], START)
    sending = await outbox.pending(1)
    outbox.add([b"c"], START)
    assert outbox.dropped == 1
    await outbox.delivered([sending[0][0]], START)
    assert [body for _, body, _ in await outbox.pending(9)] == [b"b", b"c"]
