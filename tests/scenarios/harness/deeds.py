"""What happens in a story: the world's doing, and people's."""

from typing import Any

from controller.journal.adapter import JournalAdapter
from controller.operations import tell
from controller.record.words import duration
from controller.settings import Config
from tests.scenarios.harness.case import Happening
from tests.scenarios.harness.ledger import Ledger
from tests.scenarios.harness.names import Names
from tests.scenarios.harness.story_time import StoryClock
from tests.scenarios.harness.worlds import StoryWorld


async def do(
    item: Happening,
    world: StoryWorld,
    names: Names,
    journal: JournalAdapter,
    clock: StoryClock,
    ledger: Ledger,
    config: Config,
) -> None:
    """Let it happen, and write it down."""
    if item.world is not None:
        told = " ".join(f"{key}={value}" for key, value in item.world.items() if key != "kind")
        ledger.say(clock.now(), "world", f"* {item.world['kind']} {told}{_note(item)}")
        world.happen(_with_ids(item.world, names))
    if item.hold is not None:
        scope = tell.scope_of(item.hold.target, config.fleets)
        await tell.hold(journal, clock, scope, item.hold.seconds, item.hold.reason, item.hold.by)
        length = f" for {duration(item.hold.seconds)}" if item.hold.seconds else ""
        ledger.say(clock.now(), item.hold.by, f"* hold {item.hold.target}{length}: {item.hold.reason}{_note(item)}")
    if item.resume is not None:
        scope = tell.scope_of(item.resume.target, config.fleets)
        ended, _ = await tell.resume(journal, clock, scope, item.resume.by)
        ledger.say(
            clock.now(), item.resume.by, f"* resume {item.resume.target}: {ended} stops and breakers ended{_note(item)}"
        )


def _note(item: Happening) -> str:
    return f" ({item.note})" if item.note else ""


def _with_ids(event: dict[str, Any], names: Names) -> dict[str, Any]:
    return {key: names.id_of(value) if key == "instance" else value for key, value in event.items()}
