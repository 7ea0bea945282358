"""An instance may be called by its id, by a name, or by the beginning of a container's id; never by what may be two."""

from typing import Any

import pytest

from controller.domain.memory import Memory
from controller.domain.ports import TickRecord
from controller.operations import named, recall, request, tell
from controller.operations.nearest import NotFound
from tests.journal.material import lease_of
from tests.operations.test_tell import in_memory
from tests.support.builders import policy
from tests.support.virtual import START, VirtualClock, run

FULL = "0a1b2c3d4e5f" + "6" * 52
LIKE = "0a1b9" + "7" * 59
MEMBERS: list[dict[str, Any]] = [
    {"id": FULL[:12], "name": "web-1", "names": ["web-1", FULL, "10.0.0.2"], "verdict": "healthy"},
    {"id": LIKE[:12], "name": "web-2", "names": ["web-2", LIKE, "10.0.0.3"], "verdict": "aged"},
    {"id": "i-0abc", "name": None, "names": ["ip-10-0-0-9"], "verdict": "healthy"},
    {"id": "i-old", "verdict": "healthy"},
]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (FULL[:12], FULL[:12]),
        ("web-1", FULL[:12]),
        (FULL, FULL[:12]),
        (FULL[:20], FULL[:12]),
        ("0a1b2", FULL[:12]),
        ("10.0.0.3", LIKE[:12]),
        ("ip-10-0-0-9", "i-0abc"),
        ("i-old", "i-old"),
    ],
)
def test_what_is_meant(said: str, meant: str) -> None:
    assert named.instance_id(said, MEMBERS) == meant


@pytest.mark.parametrize("said", ["0a1", "i-0ab", "web", "", "0A1B2C", "ffff"])
def test_what_means_nobody_stays_what_was_said(said: str) -> None:
    assert named.instance_id(said, MEMBERS) == said


def test_what_may_be_two_is_refused() -> None:
    with pytest.raises(NotFound, match="'0a1b' may be 0a1b2c3d4e5f, 0a1b97777777; say which by its id"):
        named.instance_id("0a1b", MEMBERS)
    twice = [*MEMBERS, {"id": "f" * 12, "names": ["web-1"]}]
    with pytest.raises(NotFound, match="'web-1' may be 0a1b2c3d4e5f, ffffffffffff"):
        named.instance_id("web-1", twice)


def test_an_id_goes_before_a_name() -> None:
    members = [{"id": "web-1", "names": []}, {"id": "b" * 12, "names": ["web-1"]}]
    assert named.instance_id("web-1", members) == "web-1"


def test_every_command_takes_a_name() -> None:
    async def main(clock: VirtualClock) -> None:
        journal, fleets = in_memory(), {"web": policy()}
        report = {"name": "web", "instances": MEMBERS}
        await journal.record_tick(TickRecord("web", START, "", Memory(), report), await lease_of(journal))
        assert await tell.scope_of(journal, clock, "web-1", ["web"]) == f"instance:{FULL[:12]}"
        wish = await request.replace(journal, clock, "0a1b2", "because", "ana", fleets)
        assert wish.instance_id == FULL[:12]
        explained = await recall.why(journal, clock, fleets, "act", "web-2")
        assert explained["instance"]["id"] == LIKE[:12]
        for ask in (
            tell.scope_of(journal, clock, "web-11", ["web"]),
            request.replace(journal, clock, "web-11", "because", "ana", fleets),
            recall.why(journal, clock, fleets, "act", "web-11"),
        ):
            with pytest.raises(NotFound, match="'web-11'; the nearest .*web-1"):
                await ask

    run(main)
