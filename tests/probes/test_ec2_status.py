"""ec2_status: EC2's own checks, at the wire."""

from datetime import timedelta
from typing import Any

import pytest

from controller.clients.aws import Aws
from controller.domain.errors import Denied, Gone, Permanent, PlatformError, Throttled, Transient
from controller.domain.model import Signal, Unknown
from controller.domain.policy import AnyOf
from controller.domain.ports import Probe
from probes.ec2_status import PROBE
from tests.clients.fake_aws import Answer, FakeAws, error, ok, refusal, role_credentials
from tests.probes.fleet import NOW, SCOPE, OneClient, instance, request

OPERATION = "DescribeInstanceStatus"


def row(instance_id: str = "i-0a", *, state: str = "running", event: str = "", **checks: str) -> str:
    """One instance's status; a check that is not given is ok, one given as "" is absent."""
    words = {"systemStatus": "ok", "instanceStatus": "ok", "attachedEbsStatus": "ok"} | checks
    said = "".join(f"<{check}><status>{word}</status></{check}>" for check, word in words.items() if word)
    events = f"<eventsSet><item><code>system-reboot</code><description>{event}</description></item></eventsSet>"
    return (
        f"<item><instanceId>{instance_id}</instanceId><instanceState><name>{state}</name></instanceState>"
        f"{said}{events if event else ''}</item>"
    )


def statuses(*rows: str) -> Answer:
    return ok(OPERATION, f"<instanceStatusSet>{''.join(rows)}</instanceStatusSet>", wrapped=False)


def unknown(names: list[str]) -> Answer:
    """EC2's refusal of a question about instances that it does not know (any more)."""
    return refusal(400, "InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(names)}' do not exist", ec2=True)


@pytest.fixture
def probe(aws: Aws) -> Probe:
    return PROBE.build(None, None, OneClient(aws))


async def ask(probe: Probe, *names: str, scope: dict[str, str] | None = None) -> Any:
    return await probe.read(request(PROBE, *(instance(name) for name in names or ("i-0a",)), scope=scope))


async def test_all_checks_ok_is_ok(probe: Probe, endpoint: FakeAws) -> None:
    endpoint.says(OPERATION, statuses(row()))
    found = await ask(probe)
    assert found["i-0a"].latest.value == "ok"
    assert found["i-0a"].latest.measured_at == NOW
    assert found["i-0a"].query == "ec2 DescribeInstanceStatus i-0a"


@pytest.mark.parametrize(
    ("check", "named"), [("systemStatus", "system"), ("instanceStatus", "instance"), ("attachedEbsStatus", "EBS")]
)
@pytest.mark.parametrize("others", ["ok", "initializing", "insufficient-data"])
async def test_one_impaired_check_is_impaired_whatever_the_others_lack(
    probe: Probe, endpoint: FakeAws, check: str, named: str, others: str
) -> None:
    checks = dict.fromkeys(("systemStatus", "instanceStatus", "attachedEbsStatus"), others) | {check: "impaired"}
    endpoint.says(OPERATION, statuses(row(**checks)))
    signal = (await ask(probe))["i-0a"]
    assert isinstance(signal, Signal)
    assert signal.latest.value == "impaired"
    assert f"{named} check impaired" in signal.query
    assert PROBE.threshold == AnyOf(("impaired",))


@pytest.mark.parametrize("word", ["initializing", "insufficient-data", "not-applicable", "", "sleepy"])
@pytest.mark.parametrize("check", ["systemStatus", "instanceStatus"])
async def test_a_check_that_does_not_say_makes_it_unknown(
    probe: Probe, endpoint: FakeAws, check: str, word: str
) -> None:
    endpoint.says(OPERATION, statuses(row(**{check: word})))
    found = await ask(probe)
    assert isinstance(found["i-0a"], Unknown)
    assert found["i-0a"].reason == f"the {check.removesuffix('Status')} check is {word or 'absent'}"


@pytest.mark.parametrize(("word", "value"), [("", "ok"), ("not-applicable", "ok"), ("initializing", None)])
async def test_the_ebs_check_may_be_absent_but_not_silent(
    probe: Probe, endpoint: FakeAws, word: str, value: str | None
) -> None:
    endpoint.says(OPERATION, statuses(row(attachedEbsStatus=word)))
    found = (await ask(probe))["i-0a"]
    assert (found.latest.value if isinstance(found, Signal) else None) == value


async def test_a_stopped_instance_is_unknown_and_says_that_it_is_stopped(probe: Probe, endpoint: FakeAws) -> None:
    silent = dict.fromkeys(("systemStatus", "instanceStatus", "attachedEbsStatus"), "not-applicable")
    endpoint.says(OPERATION, statuses(row(state="stopped", **silent)))
    assert (await ask(probe))["i-0a"].reason == "the system check is not-applicable; the instance is stopped"


@pytest.mark.parametrize("event", ["scheduled reboot", "[Completed] scheduled reboot"])
async def test_a_scheduled_event_condemns_nobody(probe: Probe, endpoint: FakeAws, event: str) -> None:
    endpoint.says(OPERATION, statuses(row(event=event)))
    assert (await ask(probe))["i-0a"].latest.value == "ok"


async def test_an_instance_without_a_row_is_unknown_and_a_foreign_row_is_ignored(
    probe: Probe, endpoint: FakeAws
) -> None:
    endpoint.says(OPERATION, statuses(row("i-0a"), row("i-0f", systemStatus="impaired")))
    found = await ask(probe, "i-0a", "i-0b")
    assert found.keys() == {"i-0a", "i-0b"}
    assert found["i-0b"] == Unknown("EC2 has no status for it", "ec2 DescribeInstanceStatus i-0b")


async def test_a_fleet_is_one_question_per_hundred_instances(probe: Probe, endpoint: FakeAws) -> None:
    names = [f"i-{number:04x}" for number in range(250)]
    endpoint.says(OPERATION, *(statuses(*map(row, names[start : start + 100])) for start in (0, 100, 200)))
    found = await ask(probe, *names)
    assert all(signal.latest.value == "ok" for signal in found.values())
    assert [len(asked.many("InstanceId")) for asked in endpoint.requests] == [100, 100, 50]
    assert [name for asked in endpoint.requests for name in asked.many("InstanceId")] == names
    assert all(asked.parameters["IncludeAllInstances"] == "true" for asked in endpoint.requests)


async def test_nobody_is_asked_about_an_empty_fleet(probe: Probe, endpoint: FakeAws) -> None:
    assert await probe.read(request(PROBE)) == {}
    assert not endpoint.requests


async def test_an_instance_that_ec2_forgot_does_not_blind_the_others(probe: Probe, endpoint: FakeAws) -> None:
    names = [f"i-{number:017x}" for number in range(60)]
    forgotten = names[:40]  # more than fit into one shortened error message: 13 at a time
    endpoint.says(OPERATION, *(unknown(forgotten[n:]) for n in (0, 13, 26, 39)), statuses(*map(row, names[40:])))
    found = await ask(probe, *names)
    assert all(isinstance(found[name], Unknown) for name in forgotten)
    assert all(found[name].latest.value == "ok" for name in names[40:])
    assert len(endpoint.requests) == 5


async def test_a_fleet_that_ec2_forgot_is_unknown(probe: Probe, endpoint: FakeAws) -> None:
    endpoint.says(OPERATION, unknown(["i-0a"]))
    assert isinstance((await ask(probe))["i-0a"], Unknown)


async def test_a_not_found_that_names_none_of_ours_is_an_error(probe: Probe, endpoint: FakeAws) -> None:
    endpoint.says(OPERATION, unknown(["i-0f"]))
    with pytest.raises(Gone):
        await ask(probe)
    assert len(endpoint.requests) == 1


async def test_it_asks_in_the_region_and_role_of_the_inventory(aws: Aws, endpoint: FakeAws) -> None:
    class Options:
        external_id = "shared-word"

    endpoint.says("AssumeRole", role_credentials("THEIRS", timedelta(hours=1)))
    endpoint.says(OPERATION, statuses(row()))
    scope = {"cloud.region": "ap-south-1", "repave.aws.role_arn": "arn:aws:iam::123456789012:role/repave"}
    await ask(PROBE.build(None, Options(), OneClient(aws)), scope=scope)
    (asked,) = endpoint.asked(OPERATION)
    assert (asked.region, asked.access_key) == ("ap-south-1", "THEIRS")
    assert endpoint.asked("AssumeRole")[0].parameters["ExternalId"] == "shared-word"


BROKEN: list[tuple[str, Answer, type[PlatformError], int]] = [
    ("garbage", Answer("<item><unfinished"), Transient, 3),
    ("HTML 500", Answer("<html><body>oops</body></html>", status=500), Transient, 3),
    ("HTML 200", Answer("<html><body>welcome to the hotel</body></html>"), Transient, 3),
    ("empty 200", Answer(""), Transient, 3),
    ("reset", Answer(reset=True), Transient, 3),
    ("cut short", Answer(statuses(row()).body, short=True), Transient, 3),
    ("throttled", Answer(error("RequestLimitExceeded", "slow down", ec2=True), status=503), Throttled, 3),
    ("denied", refusal(403, "UnauthorizedOperation", ec2=True), Denied, 1),
    ("malformed id", refusal(400, "InvalidInstanceID.Malformed", ec2=True), Permanent, 1),
    ("huge", Answer(b"<x>" + b" " * 33 * 1024 * 1024), Permanent, 1),
]


@pytest.mark.parametrize(
    ("answer", "kind", "requests"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
async def test_a_source_that_cannot_be_read_is_an_error_within_bounds(
    probe: Probe, endpoint: FakeAws, answer: Answer, kind: type[PlatformError], requests: int
) -> None:
    endpoint.says(OPERATION, answer)
    with pytest.raises(kind) as caught:
        await ask(probe)
    assert type(caught.value) is kind
    assert caught.value.call == f"ec2.{OPERATION}"
    assert len(endpoint.requests) == requests


async def test_a_part_of_the_fleet_is_never_the_whole(probe: Probe, endpoint: FakeAws) -> None:
    names = [f"i-{number:04x}" for number in range(150)]
    endpoint.says(OPERATION, statuses(*map(row, names[:100])), refusal(403, "UnauthorizedOperation", ec2=True))
    with pytest.raises(Denied):
        await ask(probe, *names, scope=SCOPE)
