"""`get`, `trace`, `hold` and `resume`, on a journal file, with and without a daemon's traces in it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.cli.who import who
from controller.domain.lifecycle import Outcome
from controller.domain.memory import Memory
from controller.domain.model import Breaker
from controller.domain.ports import TickRecord
from controller.journal.adapter import JournalAdapter
from controller.record.ids import trace_id_of
from tests.cli.conftest import repave
from tests.journal.material import accepted, begun, ended, following, happy, lease_of
from tests.record.stories import replaced

NOW = datetime.now(UTC).replace(microsecond=0)
INSTANCE: dict[str, Any] = {
    "id": "i-1",
    "zone": "eu-west-1a",
    "state": "in_service",
    "serving": True,
    "age_seconds": 90000.0,
    "image": {"id": "ami-1", "created_at": None, "age_seconds": None},
    "verdict": "blind",
    "findings": ["blind"],
    "evidence": [],
    "decision": "hold",
    "replacement": None,
    "vetoes": [{"rule": "blind", "reason": "cannot see \x1b[31mit", "needs": "world", "clears_at": None}],
}
REPORT = {"next_look_at": "2026-11-23T12:00:30Z", "settled": True, "instances": [INSTANCE, {**INSTANCE, "id": "i-2"}]}


def document(*arguments: str) -> dict[str, Any]:
    result = repave(*arguments, "--json")
    assert result.code == 0, result.err
    loaded: dict[str, Any] = json.loads(result.out)
    return loaded


@pytest.fixture
async def looked_at(journal: JournalAdapter) -> JournalAdapter:
    """A journal in which a daemon looked at `web` once."""
    lease = await lease_of(journal, at=NOW)
    await journal.record_tick(TickRecord("web", NOW, "2 instances: 2 blind", Memory(), REPORT), lease)
    return journal


def test_an_absent_journal_is_an_empty_one_and_stays_absent(config: Path, tmp_path: Path) -> None:
    fleets = document("get", "fleets", "-c", str(config))["fleets"]
    assert [fleet["name"] for fleet in fleets] == ["web", "api"]
    assert fleets[0]["sentence"] is None
    assert document("get", "instances", "-c", str(config))["instances"] == []
    assert document("get", "replacements", "-c", str(config))["replacements"] == []
    assert "no daemon has seen it yet" in repave("get", "fleets", "-c", str(config)).out
    assert [item.name for item in tmp_path.iterdir()] == ["conf.yaml"]


async def test_fleets(config: Path, looked_at: JournalAdapter) -> None:
    await looked_at.open_breaker(Breaker("web", "failing checks", "no better", NOW), await lease_of(looked_at, at=NOW))
    repave("hold", "web", "--reason", "migration", "-c", str(config))
    web, api = document("get", "fleets", "-c", str(config))["fleets"]
    assert web["verdicts"] == {"blind": 2}
    assert (web["instances"], web["sentence"], web["settled"]) == (2, "2 instances: 2 blind", True)
    assert (web["lease"]["owner"], web["lease"]["valid"]) == ("d-1", True)
    assert [hold["reason"] for hold in web["holds"]] == ["migration"]
    assert [breaker["cause"] for breaker in web["breakers"]] == ["failing checks"]
    assert (api["lease"], api["holds"], api["instances"]) == (None, [], None)
    out = repave("get", "fleets", "-c", str(config)).out
    assert "fleet:web, breaker failing checks" in out
    assert "2 (2 blind)" in out


async def test_instances(config: Path, looked_at: JournalAdapter) -> None:
    rows = document("get", "instances", "-c", str(config))["instances"]
    assert [(row["fleet"], row["id"]) for row in rows] == [("web", "i-1"), ("web", "i-2")]
    assert rows[0]["observed_at"] == NOW.isoformat().replace("+00:00", "Z")
    out = repave("get", "instances", "-c", str(config)).out
    assert out.splitlines()[1].split() == [
        *("web", "i-1", "eu-west-1a", "serving", "1d1h", "-", "blind", "hold", "blind:", "cannot", "see", "?[31mit"),
    ], "and what telemetry says does not colour the terminal"


async def test_replacements(config: Path, journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.REPLACED)
    await ended(journal, lease, "r-2", Outcome.FAILED)
    await begun(journal, lease, accepted("r-3"))
    await journal.append(following("r-3", 1, happy("i-new")[:5]), lease)
    rows = {row["id"]: row for row in document("get", "replacements", "-c", str(config))["replacements"]}
    assert list(rows) == ["r-3", "r-2", "r-1"], "the newest first"
    assert (rows["r-1"]["outcome"], rows["r-1"]["verification"], rows["r-1"]["seconds"]) == ("replaced", "improved", 0)
    assert rows["r-1"]["trace_id"] == trace_id_of("r-1")
    assert rows["r-2"]["failure"] == {"reason": "no capacity", "error_type": "no_capacity"}
    assert (rows["r-3"]["phase"], rows["r-3"]["outcome"], rows["r-3"]["seconds"]) == ("awaiting_ready", None, None)
    assert len(document("get", "replacements", "-c", str(config), "--limit", "2")["replacements"]) == 2
    out = repave("get", "replacements", "-c", str(config)).out
    assert "disk filling (no capacity)" in out


async def test_trace(config: Path, journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    first, *rest = replaced()
    await begun(journal, lease, first)
    await journal.append(rest, lease)
    drawn = repave("trace", first.replacement_id, "-c", str(config))
    assert drawn.code == 0
    assert drawn.out.startswith(f"trace {trace_id_of(first.replacement_id)}\n")
    for step in ("observe", "launch", "await_ready", "verify", "drain", "terminate"):
        assert f"\n  {step} " in drawn.out
    told = document("trace", first.replacement_id, "-c", str(config))
    assert told["replacement"] == first.replacement_id
    assert told["trace_ids"] == [trace_id_of(first.replacement_id)]
    assert told["complete"]


async def test_a_trace_that_is_not_there(config: Path, journal: JournalAdapter) -> None:
    await begun(journal, await lease_of(journal), accepted("r-7f3a9c21d0"))
    result = repave("trace", "r-7f3a9c21d1", "-c", str(config))
    assert result.code == 1
    assert result.err == "repave: no replacement 'r-7f3a9c21d1'; the nearest is r-7f3a9c21d0\n"


async def test_a_hold_is_in_the_journal_before_any_daemon_was(config: Path, journal: JournalAdapter) -> None:
    result = repave("hold", "web", "--for", "2h", "--reason", "database  migration", "-c", str(config))
    assert result.code == 0
    (hold,) = await journal.holds(NOW)
    assert (hold.scope, hold.reason, hold.by) == ("fleet:web", "database migration", who())
    assert hold.expires_at == hold.created_at + timedelta(hours=2)
    assert result.out == f"web is held until {hold.expires_at:%Y-%m-%d %H:%M:%S} UTC: database migration\n"


async def test_a_hold_without_an_end_lasts_until_resume(config: Path, journal: JournalAdapter) -> None:
    assert repave("hold", "all", "--reason", "incident", "-c", str(config)).out == (
        "all is held until `repave resume`: incident\n"
    )
    assert repave("resume", "all", "-c", str(config)).out == "all: 1 hold or breaker ended\n"
    assert await journal.holds(NOW) == ()
    assert repave("resume", "all", "-c", str(config)).out == "all: no holds or breakers ended\n"


async def test_resume_tells_what_still_stops_it(config: Path, journal: JournalAdapter) -> None:
    for target in ("all", "web"):
        repave("hold", target, "--reason", "incident", "-c", str(config))
    result = repave("resume", "web", "-c", str(config))
    assert result.out.splitlines()[0] == "web: 1 hold or breaker ended"
    assert result.out.splitlines()[1].startswith("still stopped: all held by ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hold", "wbe", "--reason", "x"], "no fleet or instance 'wbe'; the nearest is web"),
        (["resume", "ap"], "no fleet or instance 'ap'; the nearest is api"),
        (["hold", "web", "--reason", "  "], "needs a reason"),
        (
            ["hold", "web", "--reason", "x", "--for", "2 hours"],
            "repave: 'for' must be a duration such as 90s, 15m, 6h or 30d",
        ),
        (["hold", "web", "--reason", "x", "--for", "0s"], "longer than 0s"),
    ],
)
async def test_a_wrong_stop_stops_nothing(
    config: Path, journal: JournalAdapter, arguments: list[str], words: str
) -> None:
    result = repave(*arguments, "-c", str(config))
    assert result.code == 1
    assert words in result.err
    assert await journal.holds(NOW) == ()
