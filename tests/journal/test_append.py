import pytest

from controller.domain.errors import Held, IllegalTransition
from controller.domain.lifecycle import Kind, Outcome, Phase, Step
from controller.domain.model import Hold
from controller.domain.replacement import Event, fold
from controller.journal.adapter import JournalAdapter
from tests.journal.backends import Backend
from tests.journal.material import (
    ROOMY,
    BrokenSpans,
    EventSpans,
    accepted,
    begun,
    ended,
    following,
    happy,
    later,
    lease_of,
    span_key,
)

CALLED, RETURNED = happy("i-new")[1:3]


async def test_a_replacement_is_the_fold_of_its_events(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    story: list[Event] = [accepted()]
    for move in happy("i-new"):
        story += following("r-1", len(story), [move], later(len(story)))
        await journal.append(story[-1:], lease)
        assert await journal.events("r-1") == tuple(story)
        assert await journal.replacements() == (fold(story),)
        assert await journal.open_replacements() == ((fold(story),) if fold(story).open else ())
    assert (fold(story).outcome, fold(story).closed_at) == (Outcome.REPLACED, later(13))


async def test_of_two_who_write_the_same_ordinal_the_second_is_refused(backend: Backend) -> None:
    one, two = backend.open(EventSpans()), backend.open(EventSpans())
    lease = await lease_of(one)
    await begun(one, lease)
    await one.append(following("r-1", 1, [(Kind.STARTED, Step.LAUNCH, {})]), lease)
    with pytest.raises(IllegalTransition, match="event 1 after 1"):
        await two.append(following("r-1", 1, [(Kind.FAILED, Step.LAUNCH, {"reason": "late"})]), lease)
    assert [event.kind for event in await two.events("r-1")] == [Kind.ACCEPTED, Kind.STARTED]


async def test_an_illegal_event_writes_nothing_of_its_batch(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    before = await journal.pending(100)
    batch = following("r-1", 1, [(Kind.STARTED, Step.LAUNCH, {}), (Kind.SUCCEEDED, Step.DRAIN, {})])
    with pytest.raises(IllegalTransition, match="drain succeeded is not allowed in phase launching"):
        await journal.append(batch, lease)
    assert await journal.events("r-1") == (accepted(),)
    assert (await journal.open_replacements())[0].phase is Phase.ACCEPTED
    assert await journal.pending(100) == before


async def test_nothing_follows_the_end(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.REPLACED)
    count = len(await journal.events("r-1"))
    with pytest.raises(IllegalTransition, match="after the replacement was closed"):
        await journal.append(following("r-1", count, [(Kind.CONTINUED, None, {})]), lease)


async def test_a_replacement_that_was_never_accepted_has_no_events(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    with pytest.raises(IllegalTransition, match="no replacement r-9"):
        await journal.append(following("r-9", 1, [(Kind.STARTED, Step.LAUNCH, {})]), lease)


async def test_one_batch_is_of_one_replacement(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    await begun(journal, lease, accepted("r-2", predecessor="i-2"))
    mixed = [following(name, 1, [(Kind.STARTED, Step.LAUNCH, {})])[0] for name in ("r-1", "r-2")]
    with pytest.raises(IllegalTransition):
        await journal.append(mixed, lease)
    assert len(await journal.events("r-1")) == 1


async def test_spans_go_into_the_outbox_with_their_events(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    await journal.append(following("r-1", 1, happy("i-new"), later(5)), lease)
    story = await journal.events("r-1")
    rows = await journal.pending(100)
    assert [body for _, body, _ in rows] == [f"{span_key(event)} {event.kind}".encode() for event in story]
    assert [created_at for _, _, created_at in rows] == [event.at for event in story]


async def test_without_its_spans_an_event_is_not_written_either(backend: Backend) -> None:
    good, broken = backend.open(EventSpans()), backend.open(BrokenSpans())
    lease = await lease_of(good)
    with pytest.raises(RuntimeError, match="the projector broke"):
        await broken.accept(accepted(), lease, ROOMY)
    assert await good.replacements() == ()
    await begun(good, lease)
    with pytest.raises(RuntimeError, match="the projector broke"):
        await broken.append(following("r-1", 1, [(Kind.STARTED, Step.LAUNCH, {})]), lease)
    assert await good.events("r-1") == (accepted(),)
    assert (await good.open_replacements())[0].phase is Phase.ACCEPTED


@pytest.mark.parametrize("scope", ["all", "fleet:web", "instance:i-old", "instance:i-new"])
async def test_a_hold_refuses_the_next_call_but_never_an_outcome(journal: JournalAdapter, scope: str) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    await journal.append(following("r-1", 1, happy("i-new")[:4]), lease)
    await journal.append(following("r-1", 5, [CALLED]), lease)
    hold = Hold(scope, "incident", "ana", later(0), later(60))
    await journal.hold(hold)
    await journal.append(following("r-1", 6, [RETURNED], later(1)), lease)
    with pytest.raises(Held) as caught:
        await journal.append(following("r-1", 7, [CALLED], later(59)), lease)
    assert caught.value.hold == hold.sentence()
    assert len(await journal.events("r-1")) == 7
    await journal.append(following("r-1", 7, [(Kind.PAUSED, None, {"reason": hold.sentence()})], later(59)), lease)
    await journal.append(following("r-1", 8, [CALLED], later(60)), lease)


async def test_a_hold_refuses_the_calls_of_the_way_back_as_well(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    await journal.append(following("r-1", 1, [(Kind.FAILED, Step.LAUNCH, {"reason": "no"})]), lease)
    await journal.hold(Hold("all", "incident", "ana", later(0)))
    with pytest.raises(Held):
        await journal.append(following("r-1", 2, [(Kind.CALLED, None, CALLED[2])]), lease)


async def test_a_hold_on_something_else_refuses_nothing(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    for scope in ("fleet:api", "instance:i-other", "instance:None"):
        await journal.hold(Hold(scope, "elsewhere", "ana", later(0)))
    await journal.append(following("r-1", 1, [(Kind.STARTED, Step.LAUNCH, {}), CALLED]), lease)


async def test_a_newcomer_is_claimed_once(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    await begun(journal, lease, accepted("r-2", predecessor="i-2"))
    await journal.append(following("r-1", 1, happy("i-new")[:4]), lease)
    for taken, by in (("i-new", "r-1"), ("i-old", "r-1")):
        with pytest.raises(IllegalTransition, match=f"claims {taken}, which belongs to {by}"):
            await journal.append(following("r-2", 1, happy(taken)[:4]), lease)
    assert len(await journal.events("r-2")) == 1
    await journal.append(following("r-1", 5, happy("i-new")[4:]), lease)
    await journal.append(following("r-2", 1, happy("i-newer")[:4]), lease)


async def test_lists_are_by_age_and_by_fleet(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    for n, lease in enumerate((web, api, web, api)):
        await begun(journal, lease, accepted(f"r-{n}", fleet=lease.fleet, predecessor=f"i-{n}"))
    await journal.append(following("r-0", 1, happy("i-new")), web)
    assert [item.id for item in await journal.open_replacements()] == ["r-1", "r-2", "r-3"]
    assert [item.id for item in await journal.open_replacements("web")] == ["r-2"]
    assert [item.id for item in await journal.replacements()] == ["r-3", "r-2", "r-1", "r-0"]
    assert [item.id for item in await journal.replacements(limit=2)] == ["r-3", "r-2"]
    assert await journal.events("r-9") == ()
