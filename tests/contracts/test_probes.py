"""What every probe owes its readers. A new file in probes/ is found here by itself."""

import importlib
import inspect
import json
import os
import pkgutil
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import BaseModel, ValidationError

import probes
from controller.app.clients import SharedClients
from controller.clients.aws import Aws
from controller.domain.errors import PlatformError
from controller.domain.model import Image, Instance, Signal, Target, Unknown
from controller.domain.ports import Probe, ProbeSpec
from tests.clients.fake_aws import Answer, FakeAws, VirtualClock, client_of, ok, ok_json, refusal
from tests.clients.fake_http import FakeHttp
from tests.probes.fleet import NOW, OPTIONS, WEB, instance, request
from tests.support.answering import Says, says
from tests.support.fake_engine import FakeEngine

MODULES = [info.name for info in pkgutil.iter_modules(probes.__path__) if not info.name.startswith("_")]

ENGINE = Path(tempfile.gettempdir(), f"repave-contract-{os.getpid()}.sock")
GROUP = f"unix://{ENGINE}"
"""Of both: what a group is called that is a Docker engine."""

STRANGER = instance(
    "i-0b", group=GROUP, image=Image("unknown"), launched_at=None, targets=(Target(WEB, "unknown"),), attributes={}
)
"""An instance of which nothing is known."""

KNOWN = instance("i-0a", group=GROUP, names=("127.0.0.1",), targets=(Target(WEB, "healthy"),))

# What sources answer about the one and not about the other.
ANSWERS = {
    "DescribeInstanceStatus": ok(
        "DescribeInstanceStatus",
        "<instanceStatusSet><item><instanceId>i-0a</instanceId><instanceStatus><status>ok</status></instanceStatus>"
        "<systemStatus><status>ok</status></systemStatus></item></instanceStatusSet>",
        wrapped=False,
    ),
    "GetMetricData": ok_json(
        {
            "MetricDataResults": [
                {"Id": "of_i_2d0a", "StatusCode": "Complete", "Timestamps": [NOW.timestamp() - 120], "Values": [12.5]},
                {"Id": "of_i_2d0b", "StatusCode": "Complete", "Timestamps": [], "Values": []},
            ]
        }
    ),
    "ListMetrics": ok_json({"Metrics": []}),
    "StartQuery": ok_json({"queryId": "q-1"}),
    "GetQueryResults": ok_json(
        {
            "status": "Complete",
            "results": [
                [
                    {"field": "@logStream", "value": "i-0a"},
                    {"field": "matched", "value": "1"},
                    {"field": "lines", "value": "40"},
                    {"field": "newest", "value": str(NOW.timestamp() * 1000 - 5000)},
                ]
            ],
        }
    ),
}
SOURCES: dict[str, dict[str, Any]] = {
    "new_relic": {"account": 1, "api_key": {"env": "PATH"}},  # PATH: a variable that is there
    "prometheus": {},
}
"""The options of each kind of telemetry source, beside its url."""

NRQL = {
    "metadata": {"facets": ["host"], "messages": []},
    "results": [
        {"facet": "i-0a", "host": "i-0a", "endTimeSeconds": NOW.timestamp() - 120, "repaveEvents": 1, "value": 12.5}
    ],
}
SOURCE_ANSWERS = {
    "new_relic": says({"data": {"actor": {"account": {"nrql": NRQL}}}}),
    "prometheus": says(
        {
            "status": "success",
            "data": {
                "resultType": "vector",
                "result": [{"metric": {"instance_id": "i-0a"}, "value": [NOW.timestamp(), "12.5"]}],
            },
        }
    ),
}
"""What it says about the one instance and not about the other."""

ENGINE_ANSWERS: dict[str, Any] = {
    "/containers/i-0a/json": {
        "State": {"Status": "running", "Health": {"Status": "healthy"}},
        "Config": {"Tty": True},
    },
    "/containers/i-0a/logs": b"2026-11-23T11:59:58.123456789Z Out of memory\n",
    "/containers/i-0a/stats": {"read": "2026-11-23T11:59:59Z", "memory_stats": {"usage": 4096, "limit": 8192}},
    "/info": {"MemTotal": 65536},
    "/containers/i-0a/changes": None,
    "/events": "".join(
        json.dumps({"Type": "container", "Action": action, "Actor": {"ID": "b" * 64}, "timeNano": nanoseconds}) + "\n"
        for action, nanoseconds in (("start", 1_700_000_000 * 10**9), ("die", 1_795_000_000 * 10**9))
    ).encode(),
}
"""What an engine says about the one; it does not know the other."""

FAULTS = {
    "500": refusal(500, "InternalError", ec2=True),
    "html": Answer("<html><body>oops</body></html>", status=502),
    "another document": Answer("<html><body>oops</body></html>"),
    "garbage": Answer("{nonsense"),
    "reset": Answer(reset=True),
    "throttled": refusal(503, "RequestLimitExceeded", ec2=True),
    "denied": refusal(403, "UnauthorizedOperation", ec2=True),
}


@pytest.fixture(params=MODULES)
def spec(request: pytest.FixtureRequest) -> ProbeSpec:
    found = importlib.import_module(f"probes.{request.param}").PROBE
    assert isinstance(found, ProbeSpec)
    assert found.name == request.param, "a probe goes by the name of its file"
    return found


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeAws]:
    async with FakeAws() as fake:
        fake.environment(monkeypatch)
        fake.answers = {operation: [answer] for operation, answer in ANSWERS.items()}
        yield fake


@pytest.fixture
async def source() -> AsyncIterator[FakeHttp]:
    """What probes of telemetry sources ask instead."""
    async with FakeHttp() as fake:
        yield fake


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    """What probes of Docker engines ask instead, and what names it to them."""
    async with FakeEngine(socket=ENGINE) as fake:
        for path, content in ENGINE_ANSWERS.items():
            fake.says(path, content)
        yield fake


@pytest.fixture
async def aws(endpoint: FakeAws) -> AsyncIterator[Aws]:
    client = client_of(VirtualClock(NOW))
    yield client
    await client.aclose()


@pytest.fixture
async def probe(
    spec: ProbeSpec, aws: Aws, source: FakeHttp, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Probe]:
    monkeypatch.setitem(OPTIONS, "http", {"port": urlsplit(source.url).port})  # who asks instances asks there
    clients = SharedClients(VirtualClock(NOW))
    clients._made[Aws] = aws
    options = None
    if spec.source is not None:
        options = spec.source.options.model_validate(SOURCES[spec.source.name] | {"url": source.url})
        source.says(SOURCE_ANSWERS[spec.source.name])
    yield spec.build(options, engine, clients)
    del clients._made[Aws]
    await clients.aclose()


async def ask(spec: ProbeSpec, probe: Probe, *instances: Instance) -> Any:
    return await probe.read(request(spec, *instances, balancers=(WEB,), read_at=NOW - timedelta(seconds=2)))


def test_there_are_probes() -> None:
    assert {"ec2_status", "image", "image_age", "instance_age", "launch_template", "target_health"} <= set(MODULES)


def test_it_says_what_it_is(spec: ProbeSpec, probe: Probe) -> None:
    assert spec.summary.endswith(".")
    assert len(spec.summary) < 120
    words = inspect.getdoc(type(probe)) or ""
    assert "Value:" in words, "what the value is, and in which unit"
    assert "Unknown:" in words, "and when there is none"


def test_its_options_are_frozen_and_know_their_own_keys(spec: ProbeSpec) -> None:
    assert issubclass(spec.options, BaseModel)
    assert spec.options.model_config.get("frozen") is True
    with pytest.raises(ValidationError, match="Extra inputs"):
        spec.options.model_validate({"tresshold": 1})


async def test_an_empty_fleet_has_no_readings_and_costs_no_call(
    spec: ProbeSpec, probe: Probe, endpoint: FakeAws, source: FakeHttp, engine: FakeEngine
) -> None:
    assert await ask(spec, probe) == {}
    assert not endpoint.requests
    assert not source.requests
    assert not engine.requests


async def test_a_reading_can_be_shown_repeated_and_dated(spec: ProbeSpec, probe: Probe) -> None:
    found = await ask(spec, probe, KNOWN, STRANGER)
    signal = found["i-0a"]
    assert isinstance(signal, Signal)
    assert signal.query
    assert signal.unit == spec.unit
    times = [reading.measured_at for reading in signal.readings]
    assert times == sorted(times)
    assert times[-1] <= NOW
    assert all(time.utcoffset() == timedelta(0) for time in times)
    assert spec.history or len(times) == 1
    assert spec.threshold is None or not spec.threshold.breached(signal.latest.value)


async def test_what_it_cannot_see_is_unknown_with_a_reason_and_never_a_value(spec: ProbeSpec, probe: Probe) -> None:
    found = await ask(spec, probe, KNOWN, STRANGER)
    unseen = found.get("i-0b", Unknown("no row"))
    assert isinstance(unseen, Unknown)
    assert unseen.reason
    assert found.keys() <= {"i-0a", "i-0b"}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_source_that_fails_is_our_error_within_three_tries(
    spec: ProbeSpec, probe: Probe, endpoint: FakeAws, source: FakeHttp, engine: FakeEngine, fault: str
) -> None:
    endpoint.answers, endpoint.otherwise = {}, FAULTS[fault]
    engine.row = [Says(FAULTS[fault].body, FAULTS[fault].status, reset=FAULTS[fault].reset)]
    source.says(*engine.row)
    if spec.source is None and not await reads_a_source(spec, probe, endpoint):
        assert isinstance((await ask(spec, probe, KNOWN))["i-0a"], Signal)
        return
    tried = len(endpoint.requests) + len(source.requests) + len(engine.requests)
    with pytest.raises(PlatformError) as caught:
        await ask(spec, probe, KNOWN)
    assert caught.value.call
    assert len(endpoint.requests) + len(source.requests) + len(engine.requests) - tried <= 3


def test_a_source_is_one_that_is_tested(spec: ProbeSpec) -> None:
    if spec.source is not None:
        assert spec.source.name in SOURCES.keys() & SOURCE_ANSWERS.keys()
        assert spec.source.options.model_config.get("frozen") is True
        assert {"url", "identity"} <= spec.source.options.model_fields.keys()


async def test_one_that_answers_for_a_fleet_says_so(spec: ProbeSpec, probe: Probe) -> None:
    assert hasattr(probe, "read_fleet") is spec.fleet_level


async def reads_a_source(spec: ProbeSpec, probe: Probe, endpoint: FakeAws) -> bool:
    """Whether a probe asks anybody, or lives on the inventory alone."""
    try:
        await ask(spec, probe, KNOWN)
    except PlatformError:
        return True
    return bool(endpoint.requests)
