"""cloudwatch_logs at the wire: odd answers, silence, and lines as evidence."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from controller.clients.aws import Aws
from controller.domain.errors import Denied, Permanent, Transient
from controller.domain.model import Signal, Unknown
from controller.domain.policy import Missing
from controller.domain.ports import Probe, ProbeRequest
from probes._log_samples import readable
from probes.cloudwatch_logs import PROBE
from tests.clients.fake_aws import Answer, FakeAws, VirtualClock, client_of, ok_json, refusal_json
from tests.probes.fleet import NOW, OneClient, instance, request

LOGS = {"group": "/web/system", "match": "Out of memory: Killed process"}
START, RESULTS, STOP, LINES = "StartQuery", "GetQueryResults", "StopQuery", "FilterLogEvents"


def row(stream: str = "i-0a", matched: object = 0, lines: object = 40, newest: object = None) -> list[dict[str, str]]:
    """One row; `newest` in seconds before NOW, or a text."""
    at = newest if isinstance(newest, str) else str((NOW.timestamp() - float(str(newest or 10))) * 1000)
    cells = {"@logStream": stream, "matched": str(matched), "lines": str(lines), "newest": at}
    return [{"field": name, "value": value} for name, value in cells.items()]


def complete(*rows: list[dict[str, str]], **more: Any) -> Answer:
    return ok_json({"status": "Complete", "results": rows, **more})


def status(word: str) -> Answer:
    return ok_json({"status": word, "results": []})


def events(*messages: str, token: str | None = None) -> Answer:
    found = [{"message": message, "timestamp": 1, "logStreamName": "i-0a"} for message in messages]
    return ok_json({"events": found, **({"nextToken": token} if token else {})})


@pytest.fixture
def endpoint(endpoint: FakeAws) -> FakeAws:
    endpoint.says(START, ok_json({"queryId": "q-1"}))
    endpoint.says(LINES, events())
    return endpoint


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
async def aws(endpoint: FakeAws, clock: VirtualClock) -> AsyncIterator[Aws]:
    client = client_of(clock)
    yield client
    await client.aclose()


@pytest.fixture
def probe(aws: Aws) -> Probe:
    return PROBE.build(None, None, OneClient(aws))


def question(
    *ids: str, at: datetime = NOW, missing: Missing = Missing.ZERO, identity: str | None = None, **options: Any
) -> ProbeRequest:
    members = [instance(one, names=(f"ip-{one}.internal", "10.0.0.9")) for one in ids or ("i-0a",)]
    asked = request(PROBE, *members)
    said = PROBE.options.model_validate({**LOGS, **options})
    condition = replace(asked.condition, options=said, missing=missing, identity=identity)
    return replace(asked, condition=condition, at=at)


async def look(probe: Probe, *ids: str, **more: Any) -> Any:
    found = await probe.read(question(*ids, **more))
    return found["i-0a"] if not ids else [found[one] for one in ids]


async def test_one_query_counts_matches_and_life(probe: Probe, endpoint: FakeAws) -> None:
    endpoint.says(RESULTS, status("Scheduled"), status("Running"), complete(row("i-0b", 7), row("i-0a")))
    healthy, sick = await look(probe, "i-0a", "i-0b")
    assert (healthy.latest.value, sick.latest.value) == (0, 7)
    assert healthy.latest.measured_at == NOW
    (asked,) = endpoint.asked(START)
    assert asked.parameters == {
        "logGroupName": "/web/system",
        "startTime": int(NOW.timestamp()) - 3600,
        "endTime": int(NOW.timestamp()),
        "limit": 10_000,
        "queryString": "parse @message /(?<repave>Out of memory: Killed process)/"
        " | stats count(repave) as matched, count(*) as lines, max(@timestamp) as newest by @logStream"
        " | sort matched desc",
    }


@pytest.mark.parametrize(
    ("rows", "missing", "value", "reason"),
    [
        ([row(matched=0)], Missing.ZERO, 0, ""),
        ([row(matched=2)], Missing.UNKNOWN, 2, ""),
        ([row(matched=0)], Missing.UNKNOWN, None, "none of its 40 lines matches; `missing: zero`"),
        ([], Missing.ZERO, None, "no line of it has reached /web/system since 2026-11-23 11:00:00 UTC"),
        ([], Missing.UNKNOWN, None, "its log shipper may be dead"),
        ([row(lines=0)], Missing.ZERO, None, "no line of it"),
        ([row(newest=1000)], Missing.ZERO, None, "its newest line is of 11:43:20 UTC, over 15m ago"),
        ([row(newest=800)], Missing.ZERO, 0, ""),
        ([row(newest="2026-11-23 11:59:00.000")], Missing.ZERO, 0, ""),
        ([row(newest="yesterday")], Missing.ZERO, None, "cannot be read"),
        ([row(matched=3, newest=3000)], Missing.ZERO, 3, ""),
        ([row(matched=3, newest="yesterday")], Missing.ZERO, 3, ""),
        ([row("ip-i-0a.internal", 2)], Missing.ZERO, 2, ""),
        ([row("i-0a", 1), row("ip-i-0a.internal", 2)], Missing.ZERO, 3, ""),
        ([row("i-0ab", 9), row("somebody", 9)], Missing.ZERO, None, "no line of it"),
    ],
)
async def test_no_row_is_not_zero_and_zero_needs_life(
    probe: Probe, endpoint: FakeAws, rows: Any, missing: Missing, value: float | None, reason: str
) -> None:
    endpoint.says(RESULTS, complete(*rows))
    found = await look(probe, missing=missing)
    assert (found.latest.value if isinstance(found, Signal) else None) == value
    assert value is not None or reason in found.reason


async def test_a_name_that_two_instances_share_is_nobodys(probe: Probe, endpoint: FakeAws) -> None:
    endpoint.says(RESULTS, complete(row("10.0.0.9", 9)))
    assert all(isinstance(found, Unknown) for found in await look(probe, "i-0a", "i-0b"))
    endpoint.says(RESULTS, complete(row("10.0.0.9", 2)))
    assert (await look(probe, at=NOW + timedelta(minutes=5))).latest.value == 2


async def test_streams_are_found_by_their_template(probe: Probe, endpoint: FakeAws) -> None:
    streams = [row("i-0a/system", 1), row("i-0a/system.2", 1), row("i-0a/nginx", 9), row("x-i-0a/system", 9)]
    endpoint.says(RESULTS, complete(*streams))
    assert (await look(probe, stream="{instance}/system*")).latest.value == 2


async def test_another_field_can_name_the_instance(probe: Probe, endpoint: FakeAws) -> None:
    cells = row(matched=4)
    cells[0]["field"] = "host-name"
    endpoint.says(RESULTS, complete(cells))
    found = await look(probe, identity="host-name")
    assert found.latest.value == 4
    assert "by `host-name` |" in endpoint.asked(START)[0].parameters["queryString"]
    assert not endpoint.asked(LINES), "lines are fetched by their stream, which is not known here"


async def test_an_answer_that_is_cut_off_says_nothing_of_whom_it_does_not_name(probe: Probe, endpoint: FakeAws) -> None:
    strangers = [row(f"s-{number}") for number in range(9_999)]
    endpoint.says(RESULTS, complete(row("i-0a", 5), *strangers))
    first, second = await look(probe, "i-0a", "i-0b")
    assert first.latest.value == 5
    assert "cut off" in second.reason


async def test_pages_of_results_are_put_together(probe: Probe, endpoint: FakeAws) -> None:
    endpoint.says(RESULTS, complete(row("i-0a", 1), nextToken="t"), complete(row("i-0b", 2)))
    assert [found.latest.value for found in await look(probe, "i-0a", "i-0b")] == [1, 2]


@pytest.mark.parametrize(
    ("operation", "answer", "kind", "words"),
    [
        (RESULTS, status("Failed"), Transient, "could not run"),
        (RESULTS, status("Cancelled"), Transient, "somebody stopped"),
        (RESULTS, status("Timeout"), Transient, "longer than CloudWatch Logs allows"),
        (RESULTS, ok_json({"status": "Complete"}), Transient, "no results"),
        (RESULTS, complete(row(matched="many")), Transient, "without counts"),
        (RESULTS, Answer("{"), Transient, "no AWS answer"),
        (START, ok_json({}), Transient, "names no query"),
        (START, refusal_json(400, "LimitExceededException"), Transient, "as many queries"),
        (START, refusal_json(400, "MalformedQueryException", "unexpected symbol"), Permanent, "unexpected symbol"),
        (START, refusal_json(400, "ResourceNotFoundException", "no log group"), Permanent, "no log group"),
        (START, refusal_json(400, "AccessDeniedException"), Denied, "said AWS"),
    ],
)
async def test_what_is_no_answer_is_an_error(
    probe: Probe, endpoint: FakeAws, operation: str, answer: Answer, kind: type[Exception], words: str
) -> None:
    endpoint.says(RESULTS, complete(row()))
    endpoint.says(operation, answer)
    with pytest.raises(kind, match=words) as caught:
        await look(probe)
    assert type(caught.value) is kind


@pytest.mark.parametrize("stop", [ok_json({"success": True}), refusal_json(400, "InvalidParameterException")])
async def test_a_query_that_takes_too_long_is_taken_back(
    probe: Probe, endpoint: FakeAws, clock: VirtualClock, stop: Answer
) -> None:
    endpoint.says(RESULTS, status("Running"))
    endpoint.says(STOP, stop)
    with pytest.raises(Transient, match="no answer within 12 s"):
        await look(probe)
    assert 10 < sum(clock.slept) < 15
    assert [asked.parameters for asked in endpoint.asked(STOP)] == [{"queryId": "q-1"}]


async def test_an_answer_stands_for_a_twentieth_of_the_span(probe: Probe, endpoint: FakeAws) -> None:
    endpoint.says(RESULTS, complete(row(), row("i-0b")))
    first = await look(probe)
    assert await look(probe, at=NOW + timedelta(seconds=170)) == first
    assert len(endpoint.asked(START)) == 1
    await look(probe, at=NOW + timedelta(seconds=180))
    assert len(endpoint.asked(START)) == 2
    await look(probe, "i-0a", "i-0b", at=NOW + timedelta(seconds=190))
    assert len(endpoint.asked(START)) == 3, "a newcomer is asked about at once"
    await probe.read(question("i-0b", at=NOW + timedelta(seconds=200)))
    assert len(endpoint.asked(START)) == 3, "one of them alone is a part of what is known"
    await look(probe, "i-0a", "i-0b", at=NOW)
    assert len(endpoint.asked(START)) == 4, "and so is the past"


async def test_the_lines_that_condemn_are_shown(probe: Probe, endpoint: FakeAws) -> None:
    endpoint.says(RESULTS, complete(row("i-0a", 8), row("i-0b", 1)))
    term = LOGS["match"]
    lines = [f"{term} {number}" for number in range(8)]
    nasty = f"\x1b[31m{term} 77\x00\n password=hunter2 {'x' * 900}"
    endpoint.says(LINES, events(token="a"), events("something else", nasty, token="b"), events(*lines, token="c"))
    condemned, other = await look(probe, "i-0a", "i-0b")
    assert len(condemned.samples) == 5
    assert condemned.samples[0].startswith("[31mOut of memory: Killed process 77 [redacted] xxx")
    assert len(condemned.samples[0]) <= 303
    assert all(sample.isprintable() for sample in condemned.samples)
    assert condemned.samples[1:] == tuple(lines[:4])
    assert other.samples == ()
    asked = [one.parameters for one in endpoint.asked(LINES)]
    assert [one.get("nextToken") for one in asked] == [None, "a", "b"]
    assert asked[0]["logStreamNames"] == ["i-0a"]
    assert asked[0]["filterPattern"] == f'"{term}"'
    assert (asked[0]["startTime"], asked[0]["endTime"]) == ((NOW.timestamp() - 3600) * 1000, NOW.timestamp() * 1000)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("GET postgres://app:s3cret@db/x", "GET postgres://[redacted]@db/x"),
        ("Authorization: Bearer eyJhbGciOiJI.x", "Authorization: Bearer [redacted]"),
        ("api_token=abc and key AKIAIOSFODNN7EXAMPLE", "[redacted] and key [redacted]"),
        ("  a\ttab, a bell\a and much  room ", "a tab, a bell and much room"),
    ],
)
def test_a_line_is_shown_without_what_nobody_should_see(line: str, shown: str) -> None:
    assert readable(line) == shown


@pytest.mark.parametrize(
    "answer", [refusal_json(403, "AccessDenied"), Answer("{"), events(token="t"), Answer(hang=True)]
)
async def test_that_there_are_no_lines_to_show_changes_nothing(
    probe: Probe, endpoint: FakeAws, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes._log_samples.PATIENCE_SECONDS", 0.2)
    endpoint.says(RESULTS, complete(row("i-0a", 8)))
    endpoint.says(LINES, answer)
    found = await look(probe)
    assert (found.latest.value, found.samples) == (8, ())
    assert len(endpoint.asked(LINES)) <= 5


async def test_only_the_worst_five_are_shown_with_lines(probe: Probe, endpoint: FakeAws) -> None:
    names = [f"i-{number}" for number in range(8)]
    endpoint.says(RESULTS, complete(*(row(name, 3 + number) for number, name in enumerate(names))))
    endpoint.says(LINES, events(LOGS["match"]))
    found = await look(probe, *names)
    assert [len(signal.samples) for signal in found] == [0, 0, 0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"group": "two words"},
        {"group": ""},
        {"match": ""},
        {"match": "/(/"},
        {"match": "two\nlines"},
        {"stream": "system"},
        {"stream": "{instance}{instance}"},
        {"silent_after": "soon"},
    ],
)
def test_what_logs_would_refuse_is_refused_before(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PROBE.options.model_validate({**LOGS, **wrong})
