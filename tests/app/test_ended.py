"""What ended is counted once, also where it began and ended between two looks, and idle looks cost next to nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from controller.app.ended import Ended
from controller.domain.errors import JournalUnavailable
from controller.domain.lifecycle import Kind, Step
from controller.domain.replacement import Event, Replacement, fold
from tests.record import stories


@dataclass
class Past:
    """A journal of which each story that is read costs one. told: every story so far, in the order of acceptance."""

    told: dict[str, Sequence[Event]] = field(default_factory=dict)
    cost: int = 0
    gone: bool = False

    def open(self, number: int) -> None:
        self.told[f"r-{number:04d}"] = stories.Story(f"r-{number:04d}").events

    def end(self, number: int) -> None:
        self.told[f"r-{number:04d}"] = ended(f"r-{number:04d}")

    async def open_replacements(self) -> tuple[Replacement, ...]:
        if self.gone:
            raise JournalUnavailable("gone")
        opened = [one for one in map(fold, self.told.values()) if one.open]
        self.cost += len(opened)
        return tuple(opened)

    async def replacements(self, limit: int) -> tuple[Replacement, ...]:
        newest = list(self.told.values())[::-1][:limit]
        self.cost += len(newest)
        return tuple(map(fold, newest))

    async def events(self, replacement_id: str) -> tuple[Event, ...]:
        self.cost += 1
        return tuple(self.told[replacement_id])


def ended(replacement_id: str) -> Sequence[Event]:
    story = stories.Story(replacement_id)
    story.then(1.0, Kind.FAILED, Step.LAUNCH, reason="no", error_type="deadline", outcome="failed")
    story.then(1.0, Kind.UNDONE, Step.LAUNCH)
    return story.then(0.0, Kind.CLOSED, outcome="failed", reason="no").events


def closed(found: Sequence[Replacement]) -> list[str]:
    return sorted(item.id for item in found if not item.open)


async def test_the_first_answer_has_everything_and_later_ones_what_is_new() -> None:
    past = Past()
    for number in range(200):
        past.end(number)
    look = Ended(past)
    assert len(closed(await look.read())) == 200
    past.cost = 0
    assert closed(await look.read()) == []
    assert past.cost == 1
    for number in range(200, 230):
        past.end(number)
    assert closed(await look.read()) == [f"r-{number:04d}" for number in range(200, 230)]
    assert closed(await look.read()) == []


async def test_an_old_one_that_ends_is_found_whatever_came_after_it() -> None:
    past = Past()
    past.open(0)
    for number in range(1, 50):
        past.end(number)
    look = Ended(past)
    first = await look.read()
    assert [item.id for item in first if item.open] == ["r-0000"]
    past.end(0)
    past.cost = 0
    assert closed(await look.read()) == ["r-0000"]
    assert past.cost == 2
    assert closed(await look.read()) == []


async def test_one_that_was_accepted_meanwhile_is_followed_to_its_end() -> None:
    past = Past()
    past.end(0)
    look = Ended(past)
    await look.read()
    past.open(1)
    assert [item.id for item in await look.read() if item.open] == ["r-0001"]
    past.end(1)
    past.end(2)
    assert closed(await look.read()) == ["r-0001", "r-0002"]


async def test_what_ended_while_the_journal_was_gone_is_in_the_next_answer() -> None:
    past = Past()
    past.open(0)
    look = Ended(past)
    await look.read()
    past.end(0)
    past.end(1)
    past.gone = True
    with pytest.raises(JournalUnavailable):
        await look.read()
    past.gone = False
    assert closed(await look.read()) == ["r-0000", "r-0001"]


async def test_an_empty_past_is_asked_about_again() -> None:
    past = Past()
    look = Ended(past)
    assert await look.read() == ()
    past.end(0)
    assert closed(await look.read()) == ["r-0000"]
