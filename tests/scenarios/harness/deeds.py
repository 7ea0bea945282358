"""What happens in a story: the world's doing, and people's, by the very operations behind the commands."""

from typing import Any

from controller.domain.errors import RepaveError
from controller.operations import request, tell
from controller.record.words import duration
from controller.settings import Config
from tests.scenarios.harness.case import Happening
from tests.scenarios.harness.ledger import Ledger, ToldJournal
from tests.scenarios.harness.names import Names
from tests.scenarios.harness.story_time import StoryClock
from tests.scenarios.harness.worlds import StoryWorld


class Deeds:
    """Lets things happen, and writes them down. A person who is refused gets the words; the story goes on."""

    def __init__(
        self, world: StoryWorld, names: Names, journal: ToldJournal, clock: StoryClock, config: Config
    ) -> None:
        self._world = world
        self._names = names
        self._journal = journal
        self._ledger: Ledger = journal.ledger
        self._clock = clock
        self._config = config

    async def do(self, item: Happening) -> None:
        """One entry of the timeline."""
        note = f" ({item.note})" if item.note else ""
        if item.world is not None:
            told = " ".join(f"{key}={value}" for key, value in item.world.items() if key != "kind")
            self._ledger.say(self._clock.now(), "world", f"* {item.world['kind']} {told}{note}")
            self._world.happen(self._with_ids(item.world))
            return
        if item.fault is not None:
            told = " ".join(f"{key}={value}" for key, value in item.fault.items())
            self._ledger.say(self._clock.now(), "world", f"* fault {told}{note}")
            self._world.strike(item.fault)
            return
        if item.journal is not None:
            self._journal.lose(item.journal) if item.journal else self._journal.find()
            told = f"the journal is gone: {item.journal}" if item.journal else "the journal is back"
            self._ledger.say(self._clock.now(), "world", f"* {told}{note}")
            return
        try:
            who, what = await self._person(item)
        except RepaveError as refused:
            who, what = "a person", f"is refused: {refused}"
        self._ledger.say(self._clock.now(), who, f"* {what}{note}")

    async def _person(self, item: Happening) -> tuple[str, str]:
        journal, clock = self._journal, self._clock
        if (hold := item.hold) is not None:
            await tell.hold(journal, clock, await self._scope(hold.target), hold.seconds, hold.reason, hold.by)
            length = f" for {duration(hold.seconds)}" if hold.seconds else ""
            return hold.by, f"holds {hold.target}{length}: {hold.reason}"
        if (resume := item.resume) is not None:
            ended, _ = await tell.resume(journal, clock, await self._scope(resume.target), resume.by)
            return resume.by, f"resumes {resume.target}; stops and breakers ended: {ended}"
        if (wish := item.replace) is not None:
            instance_id, fleets = self._names.id_of(wish.target), self._config.fleets
            made = await request.replace(journal, clock, instance_id, wish.reason, wish.by, fleets)
            return wish.by, f"asks to replace {wish.target}: {wish.reason} ({made.id})"
        if (turn := item.abort) is not None:
            turned = await request.abort(journal, clock, turn.target, turn.by, turn.reason)
            return turn.by, f"aborts {turn.target}: {turned.sentence}"
        assert item.approve is not None
        await request.approve(journal, clock, item.approve.target, item.approve.by)
        return item.approve.by, f"approves {item.approve.target}"

    async def _scope(self, target: str) -> str:
        known = self._names.id_of(target) if target.startswith("i-") else target
        return await tell.scope_of(self._journal, self._clock, known, self._config.fleets)

    def _with_ids(self, event: dict[str, Any]) -> dict[str, Any]:
        return {key: self._names.id_of(value) if key == "instance" else value for key, value in event.items()}
