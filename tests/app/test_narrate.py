"""What is journaled is logged, with the replacement's id, and what is open is known."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from controller.app.narrate import NarratedJournal
from controller.domain.lifecycle import Kind, Step
from controller.domain.ports import Budget
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.journal.material import accepted, begun, following, happy, lease_of


@asynccontextmanager
async def narrated(folder: Path) -> AsyncIterator[NarratedJournal]:
    journal = NarratedJournal(JournalAdapter(SqlJournal.open(f"sqlite:///{folder / 'journal.db'}", None)))
    yield journal
    await journal.aclose()


async def test_a_whole_story_is_told_line_by_line(tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with narrated(tmp_path) as journal:
            lease = await lease_of(journal)
            await begun(journal, lease)
            await journal.append(following("r-1", 1, happy("i-new")), lease)
    assert [line["event"] for line in logs] == [
        "accepted: replacing i-old for disk filling",
        "launch begins",
        "launch calls autoscaling.SetDesiredCapacity",
        "autoscaling.SetDesiredCapacity returned: ok",
        "launch is done",
        "await_ready begins",
        "await_ready is done",
        "verify begins",
        "verify is done",
        "drain begins",
        "drain is done",
        "terminate begins",
        "terminate is done",
        "ended: replaced",
    ]
    assert {(line["replacement_id"], line["fleet"]) for line in logs} == {("r-1", "web")}
    assert logs[4]["successor"] == "i-new"
    assert {line["log_level"] for line in logs} == {"info"}


async def test_what_went_wrong_is_a_warning_with_its_reason(tmp_path: Path) -> None:
    failed = (Kind.FAILED, Step.LAUNCH, {"reason": "no capacity", "error_type": "no_capacity", "outcome": "failed"})
    with capture_logs() as logs:
        async with narrated(tmp_path) as journal:
            lease = await lease_of(journal)
            await begun(journal, lease)
            await journal.append(following("r-1", 1, [failed]), lease)
    assert logs[-1]["event"] == "launch failed: no capacity"
    assert logs[-1]["log_level"] == "warning"


async def test_what_was_not_journaled_is_not_told(tmp_path: Path) -> None:
    none = Budget(0, 0, 0, 1)
    with capture_logs() as logs:
        async with narrated(tmp_path) as journal:
            assert isinstance(await journal.accept(accepted(), await lease_of(journal), none), tuple)
    assert logs == []


async def test_what_is_open_is_named_with_where_it_stands(tmp_path: Path) -> None:
    async with narrated(tmp_path) as journal:
        lease, other = await lease_of(journal), await lease_of(journal, "api")
        await begun(journal, lease)
        await begun(journal, other, accepted("r-2", fleet="api", predecessor="i-other"))
        story = happy("i-new")
        await journal.append(following("r-1", 1, story[:9]), lease)
        named = ["r-1 (draining i-old of web)", "r-2 (accepted i-other of api)"]
        assert sorted(journal.parked()) == named
    async with narrated(tmp_path) as journal:
        assert journal.parked() == [], "nothing is known before the journal was asked"
        await journal.open_replacements("api")
        await journal.open_replacements("web")
        assert sorted(journal.parked()) == named
        await journal.append(following("r-1", 10, story[9:]), lease)
        assert journal.parked() == ["r-2 (accepted i-other of api)"]


async def test_what_was_kept_of_an_instance_is_not_logged(tmp_path: Path) -> None:
    kept = {"id": "ab12", "evidence": {"logs": {"lines": ["words of its own"], "cut": 0}}}
    called = {"call": "docker.ContainerStop", "ordinal": 0, "arguments": kept}
    with capture_logs() as logs:
        async with narrated(tmp_path) as journal:
            lease = await lease_of(journal)
            await begun(journal, lease)
            await journal.append(following("r-1", 1, [(Kind.CALLED, Step.LAUNCH, called)]), lease)
            assert "words of its own" in str((await journal.events("r-1"))[-1].facts)
    assert logs[-1]["event"] == "launch calls docker.ContainerStop"
    assert "words of its own" not in str(logs)
