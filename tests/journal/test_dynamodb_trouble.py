"""What is said when a table cannot be used: one sentence that names the journal and what to do. And opening one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from controller.clients.dynamodb import DynamoDb
from controller.clock import SystemClock
from controller.demo.world.iam import Policies
from controller.domain.errors import ConfigError, ForbiddenCall, JournalUnavailable
from controller.domain.model import Hold
from controller.journal.dynamodb.address import Address
from controller.journal.dynamodb.journal import DynamoJournal
from tests.journal.dynamo import DynamoTable
from tests.journal.material import EventSpans, begun, later, lease_of
from tests.support.dynamo_server import REGION, DynamoServer, Fault, policy

ALLOWED = "arn:aws:dynamodb:eu-west-1:123456789012:table/repave"


@pytest.fixture
def table(tmp_path: Path) -> Iterator[DynamoTable]:
    store = DynamoTable(tmp_path)
    yield store
    store.close()


def denied(operation: str, action: str = "") -> Fault:
    words = f"User: arn:aws:iam::1:role/x is not authorized to perform: dynamodb:{action or operation} on {ALLOWED}"
    return Fault(operation, nth=0, code="AccessDeniedException", words=words)


def refused(table: DynamoTable, url: str, *, read_only: bool = False) -> str:
    """What opening says, after the name of the journal."""
    house, client = table.ground.house, table.ground.client
    with pytest.raises(JournalUnavailable) as caught:
        house.run(DynamoJournal.open(client, url, None, read_only=read_only))
    return said(url, caught.value)


def said(url: str, error: Exception) -> str:
    sentence = str(error)
    assert sentence.startswith(f"The journal {url} cannot be used: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(f"The journal {url} cannot be used: ").removesuffix(".")


def test_a_table_that_is_not_there(table: DynamoTable) -> None:
    told = refused(table, f"dynamodb://nowhere?region={REGION}")
    assert told == "there is no table nowhere in eu-west-1; make it with deploy/terraform, or as docs/dynamodb.md shows"


async def test_to_read_only_an_absent_table_is_an_empty_journal(table: DynamoTable) -> None:
    house, client = table.ground.house, table.ground.client
    url = f"dynamodb://nowhere?region={REGION}"
    with structlog.testing.capture_logs() as logs:
        journal = house.housed(house.run(DynamoJournal.open(client, url, None, read_only=True)))
    assert [(one["event"], one["journal"]) for one in logs] == [
        ("there is no such table: it reads as an empty journal", url)
    ]
    assert await journal.replacements() == await journal.reports() == await journal.holds(later(0)) == ()
    assert await journal.outbox_size() == 0
    assert await journal.healthy()


@pytest.mark.parametrize("keys", [[("id", "HASH")], [("sk", "HASH"), ("pk", "RANGE")]])
def test_somebody_else_s_table(table: DynamoTable, keys: list[tuple[str, str]]) -> None:
    other = table.ground.server.make_table(keys)
    told = refused(table, f"dynamodb://{other}?region={REGION}")
    assert told.startswith(f"its keys are {keys[0][0]} (HASH, S)")
    assert "and a journal's are pk (HASH, S) and sk (RANGE, S); make it with deploy/terraform" in told


async def test_who_may_not_describe_it_is_warned_and_goes_on(table: DynamoTable) -> None:
    with table.ground.server.striking(denied("DescribeTable")), structlog.testing.capture_logs() as logs:
        journal = table.open(EventSpans())
    (warning,) = logs
    assert warning["event"] == "whether it has a journal's keys cannot be told"
    assert "is not authorized to perform: dynamodb:DescribeTable" in warning["error"]
    await begun(journal, await lease_of(journal))


def test_a_table_that_keeps_everything_is_warned_of(table: DynamoTable) -> None:
    off = {"Enabled": False, "AttributeName": "expires_at_epoch"}
    table.ground.server.client().update_time_to_live(TableName=table.table, TimeToLiveSpecification=off)
    with structlog.testing.capture_logs() as logs:
        table.opened()
    assert [(one["event"], one["attribute"]) for one in logs] == [
        ("the table keeps for ever what may go: turn its TTL on", "expires_at_epoch")
    ]


@pytest.mark.parametrize(("operation", "action"), [("TransactWriteItems", "PutItem"), ("UpdateItem", "UpdateItem")])
async def test_a_role_that_lacks_an_action_is_told_which(table: DynamoTable, operation: str, action: str) -> None:
    journal = table.open(EventSpans())
    lease = await lease_of(journal)
    with table.ground.server.striking(denied(operation, action)), pytest.raises(JournalUnavailable) as caught:
        await (begun(journal, lease) if action == "PutItem" else lease_of(journal))
    told = said(table.url, caught.value)
    assert f"is not authorized to perform: dynamodb:{action} on {ALLOWED}" in told
    assert table.ground.server.asked


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ExpiredTokenException", "the credentials have expired; renew them, or let a role provide them"),
        ("UnrecognizedClientException", "AWS does not know these credentials; check AWS_ACCESS_KEY_ID"),
        ("InternalServerError", "Rate exceeded"),
        ("ValidationException", "Rate exceeded"),
    ],
)
async def test_other_refusals(table: DynamoTable, code: str, words: str) -> None:
    journal = table.open()
    status = 500 if code == "InternalServerError" else 400
    with table.ground.server.striking(Fault("GetItem", nth=0, code=code, status=status)) as fault:
        assert not await journal.healthy()
        with pytest.raises(JournalUnavailable) as caught:
            await journal.holder("web")
    assert words in said(table.url, caught.value)
    # Only what may pass is tried again.
    assert fault.struck == (8 if code == "InternalServerError" else 2)
    assert await journal.healthy()


async def test_a_newer_repave_s_journal_is_not_read_by_old_meanings(table: DynamoTable) -> None:
    item = {"pk": {"S": "ledger"}, "sk": {"S": "ledger"}, "schema": {"N": "2"}, "version": {"N": "7"}}
    table.ground.server.client().put_item(TableName=table.table, Item=item)
    for read_only in (False, True):
        told = refused(table, table.url, read_only=read_only)
        assert told == "its schema has version 2 and this Repave knows 1: start the newer Repave again"


async def test_it_reads_and_writes_nothing(table: DynamoTable) -> None:
    daemon = table.open(EventSpans())
    await begun(daemon, await lease_of(daemon))
    house, server = table.ground.house, table.ground.server
    reader = house.housed(table.opened(read_only=True))
    server.asked.clear()
    assert [one.id for one in await reader.open_replacements()] == ["r-1"]
    with pytest.raises(JournalUnavailable, match="it may only be read here"):
        await reader.hold(Hold("all", "incident", "ana", later(0)))
    with pytest.raises(JournalUnavailable, match="it may only be read here"):
        await lease_of(reader)
    assert server.asked.keys() <= {"GetItem", "Query"}


# --- the way there ---------------------------------------------------------------------------------------------------


async def opening(url: str = "dynamodb://repave") -> str:
    """What opening says in this process's environment."""
    client = DynamoDb(SystemClock())
    try:
        with pytest.raises(JournalUnavailable) as caught:
            await DynamoJournal.open(client, url, None)
    finally:
        await client.aclose()
    return said(url, caught.value)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No region and no credentials but those that a test gives."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


async def test_no_region(alone: pytest.MonkeyPatch) -> None:
    told = "no AWS region is known; write dynamodb://repave?region=REGION, or set AWS_REGION"
    assert await opening() == told


async def test_no_credentials(alone: pytest.MonkeyPatch) -> None:
    told = await opening("dynamodb://repave?region=eu-west-1")
    assert told.endswith("no AWS credentials; give the task or instance a role, or set AWS_ACCESS_KEY_ID")


async def test_nobody_there(alone: pytest.MonkeyPatch) -> None:
    for name, value in DynamoServer.environment_of("http://127.0.0.1:9").items():
        alone.setenv(name, value)
    told = await opening()
    assert told == "dynamodb.DescribeTable: no connection to http://127.0.0.1:9"


async def test_only_the_journal_s_calls_leave_the_process(table: DynamoTable) -> None:
    with pytest.raises(ForbiddenCall, match="dynamodb:DeleteTable is not on the list of the journal's calls"):
        table.ground.house.run(table.ground.client.call(REGION, "DeleteTable", TableName=table.table))
    with pytest.raises(ForbiddenCall):
        table.ground.house.run(table.ground.client.call(REGION, "Scan", TableName=table.table))


async def test_each_action_of_the_policy_is_made_use_of(table: DynamoTable) -> None:
    """It is in force in every test with a table: what it lacked would fail there."""
    server = table.ground.server
    server.used.clear()
    journal = table.open(EventSpans())
    await begun(journal, await lease_of(journal))
    await journal.announce("daemon-1", frozenset({"web"}), 30.0, later(0))
    await journal.leave("daemon-1")
    assert server.used == {action for one in policy()["Statement"] for action in one["Action"]}


@pytest.mark.parametrize("lacking", ["dynamodb:ConditionCheckItem", "dynamodb:UpdateItem"])
async def test_planted_a_policy_that_lacks_an_action_is_found_out(
    table: DynamoTable, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    document = policy()
    (statement,) = document["Statement"]
    statement["Action"].remove(lacking)
    monkeypatch.setattr(table.ground.server, "policies", Policies([document]))
    journal = table.open(EventSpans())
    with pytest.raises(JournalUnavailable, match=f"is not authorized to perform: {lacking} on arn:"):
        await begun(journal, await lease_of(journal))


# --- addresses -------------------------------------------------------------------------------------------------------


def test_an_address_is_a_table_and_perhaps_a_region() -> None:
    assert Address.of("dynamodb://Repave_1.x") == Address("Repave_1.x")
    assert Address.of("dynamodb://repave?region=us-gov-west-1") == Address("repave", "us-gov-west-1")
    assert str(Address("repave", "eu-west-1")) == "dynamodb://repave?region=eu-west-1"


@pytest.mark.parametrize(
    "url",
    [
        "dynamodb://",
        "dynamodb://ab",
        "dynamodb://a table",
        "dynamodb://repave/x",
        "dynamodb://repave?region=",
        "x://abc",
        "dynamodb://repave?zone=a",
        "dynamodb://user:pass@repave",
    ],
)
def test_any_other_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError, match="write dynamodb://TABLE, or dynamodb://TABLE") as caught:
        Address.of(url)
    assert "pass" not in str(caught.value)
