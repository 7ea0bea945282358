"""`approve`, `abort`, `replace`, and holds of one instance, on a journal file."""

import re
from pathlib import Path

import pytest

from controller.cli.who import who
from controller.domain.memory import Memory
from controller.domain.ports import TickRecord
from controller.domain.request import RequestState
from controller.journal.adapter import JournalAdapter
from tests.cli.conftest import repave
from tests.cli.test_journal_commands import NOW, REPORT, document
from tests.journal.material import accepted, begun, lease_of
from tests.journal.test_requests import proposal


@pytest.fixture
def config_of(config: Path) -> str:
    return str(config)


@pytest.fixture
async def asking(journal: JournalAdapter) -> JournalAdapter:
    """A journal in which `web` was looked at once, and r-1 proposes i-1."""
    lease = await lease_of(journal, at=NOW)
    proposed = (proposal("r-1", "i-1", NOW),)
    await journal.record_tick(TickRecord("web", NOW, "", Memory(), REPORT, proposed=proposed), lease)
    return journal


async def test_a_proposal_is_shown_where_replacements_are(config_of: str, asking: JournalAdapter) -> None:
    (row,) = repave("get", "replacements", "-c", config_of).out.splitlines()[1:]
    assert row.split()[:4] == ["r-1", "web", "i-1", "-"]
    assert re.search(r"proposed, expires in [1-5]?\dm", row), "within the hour: the proposal is as old as this run"
    assert row.endswith("max_image_age")
    (listed,) = repave("get", "requests", "-c", config_of).out.splitlines()[1:]
    assert listed.split()[:4] == ["r-1", "web", "i-1", "proposed"]


async def test_approve(config_of: str, asking: JournalAdapter) -> None:
    result = repave("approve", "r-1", "-c", config_of)
    assert result.code == 0, result.err
    (said,) = await asking.requests(NOW)
    assert (said.approved_by, said.state(NOW)) == (who(), RequestState.APPROVED)
    assert result.out == f"r-1 is approved: i-1 of web (max_image_age), until {said.expires_at:%Y-%m-%d %H:%M:%S} UTC\n"
    again = repave("approve", "r-1", "-c", config_of)
    assert (again.code, again.err.startswith("repave: r-1 was approved already, by ")) == (1, True)
    assert f"(approved by {who()})" in repave("get", "replacements", "-c", config_of).out


async def test_abort(config_of: str, asking: JournalAdapter) -> None:
    assert repave("abort", "r-1", "-c", config_of).out == "r-1 is off: i-1 of web stays\n"
    lease = await lease_of(asking, at=NOW)
    await begun(asking, lease, accepted("r-7", predecessor="i-2", at=NOW))
    assert "r-7 will be undone before its next call" in repave("abort", "r-7", "--reason", "no", "-c", config_of).out
    word = await asking.aborted("r-7")
    assert word is not None
    assert (word.by, word.reason) == (who(), "no")
    (row,) = document("get", "requests", "-c", config_of)["requests"]
    assert (row["state"], row["closing"]) == ("aborted", f"aborted by {who()}")


async def test_replace(config_of: str, asking: JournalAdapter) -> None:
    result = repave("replace", "i-2", "--reason", "odd noises", "-c", config_of)
    assert result.code == 0, result.err
    wish = (await asking.requests(NOW))[1]
    assert result.out.startswith(f"{wish.id}: i-2 of web is to be replaced; it starts when nothing forbids it, until ")
    assert f"requested (approved by {who()}): odd noises" in repave("get", "replacements", "-c", config_of).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["approve", "r-2"], "no proposal 'r-2'; the nearest is r-1"),
        (["abort", "r-11"], "no replacement 'r-11'; the nearest is r-1"),
        (["replace", "i-3", "--reason", "x"], "no instance 'i-3'; the nearest are i-"),
        (["replace", "i-1", "--reason", " "], "a replacement needs a reason"),
        (["hold", "i-3", "--reason", "x"], "no fleet or instance 'i-3'; the nearest are i-"),
    ],
)
async def test_a_slip_is_one_line_that_says_what_was_meant(
    config_of: str, asking: JournalAdapter, arguments: list[str], words: str
) -> None:
    result = repave(*arguments, "-c", config_of)
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert words in result.err


async def test_one_instance_is_held_and_resumed(config_of: str, asking: JournalAdapter) -> None:
    assert repave("hold", "i-1", "--reason", "post-mortem", "-c", config_of).code == 0
    assert [hold.scope for hold in await asking.holds(NOW)] == ["instance:i-1"]
    assert repave("resume", "i-1", "-c", config_of).out == "i-1: 1 hold or breaker ended\n"
    assert await asking.holds(NOW) == ()
