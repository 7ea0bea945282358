"""Any legal story survives the journal as it was told."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.lifecycle import TABLE, Kind, Outcome, Step
from controller.domain.replacement import Event, Replacement, apply, fold
from tests.journal.backends import Backend, SqliteMemory
from tests.journal.dynamo import DynamoTable
from tests.journal.material import EventSpans, accepted, begun, later, lease_of, span_key

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CHOICES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1000), JSON, st.integers(0, 10**9)), max_size=40)


def moves(state: Replacement) -> list[tuple[Kind, Step | None]]:
    """Every move that the state machine allows now."""
    if not state.open:
        return []
    legal = [(kind, step) for phase, step, kind in TABLE if phase is state.phase]
    aside = [Kind.CALLED, Kind.PAUSED, Kind.RESUMED, Kind.CONTINUED]
    aside += [Kind.RETURNED] if state.in_doubt else []
    return [*legal, *((kind, None) for kind in aside)]


def facts(state: Replacement, kind: Kind, choice: int, value: Any) -> dict[str, Any]:
    """What an event of this kind has to say, and something else besides."""
    match kind:
        case Kind.CALLED:
            return {"call": "x.Y", "ordinal": len(state.calls), "arguments": {"value": value}}
        case Kind.RETURNED:
            return {"ordinal": len(state.calls) - 1, "outcome": ("ok", "failed", "unknown")[choice % 3]}
        case Kind.SUCCEEDED:
            return {"successor": f"{state.id}-new-{choice % 2}", "value": value}
        case Kind.CLOSED:
            return {"outcome": list(Outcome)[choice % 4], "value": value}
        case _:
            return {"value": value}


def walk(choices: list[tuple[int, int, Any, int]]) -> list[list[Event]]:
    """Three replacements that go on by turns; each inner list is one transaction's worth."""
    states: dict[int, Replacement] = {}
    batches: list[list[Event]] = []
    for who, choice, value, microseconds in choices:
        if who not in states:
            event = accepted(f"r-{who}", predecessor=f"i-{who}", at=later(microseconds / 1e6), note=value)
            states[who] = fold([event])
            batches.append([event])
            continue
        legal = moves(states[who])
        if not legal:
            continue
        kind, step = legal[choice % len(legal)]
        event = states[who].next_event(later(microseconds / 1e6), kind, step, **facts(states[who], kind, choice, value))
        states[who] = apply(states[who], event)
        last = batches[-1]
        if choice % 3 == 0 and last[0].replacement_id == event.replacement_id and last[0].ordinal:
            last.append(event)
        else:
            batches.append([event])
    return batches


async def told(batches: list[list[Event]], backend: Backend) -> None:
    try:
        journal = backend.open(EventSpans())
        lease = await lease_of(journal)
        for batch in batches:
            if batch[0].kind is Kind.ACCEPTED:
                await begun(journal, lease, batch[0])
            else:
                await journal.append(batch, lease)
        stories: dict[str, list[Event]] = {}
        for event in (event for batch in batches for event in batch):
            stories.setdefault(event.replacement_id, []).append(event)
        for name, story in stories.items():
            assert await journal.events(name) == tuple(story)
        states = tuple(fold(story) for story in stories.values())
        assert await journal.replacements() == states[::-1]
        assert await journal.open_replacements("web") == tuple(state for state in states if state.open)
        spans = [body.decode().split(" ")[0] for _, body, _ in await journal.pending(10_000)]
        assert spans == [span_key(event) for batch in batches for event in batch]
    finally:
        backend.close()


@settings(max_examples=60, deadline=None)
@given(CHOICES)
def test_any_legal_story_comes_back_as_it_was_told(choices: list[tuple[int, int, Any, int]]) -> None:
    asyncio.run(told(walk(choices), SqliteMemory()))


@settings(max_examples=6, deadline=None)
@given(CHOICES)
def test_and_so_it_does_from_a_table(choices: list[tuple[int, int, Any, int]]) -> None:
    asyncio.run(told(walk(choices), DynamoTable(Path())))


@pytest.mark.full_matrix
@pytest.mark.timeout(1200)
@settings(max_examples=200, deadline=None)
@given(CHOICES)
def test_and_many_more_do(choices: list[tuple[int, int, Any, int]]) -> None:
    asyncio.run(told(walk(choices), DynamoTable(Path())))
