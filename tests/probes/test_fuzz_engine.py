"""Whatever an engine answers, over its socket: no body condemns a container, and none breaks a probe."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.app.clients import SharedClients
from controller.domain.errors import PlatformError
from controller.domain.model import Signal, Unknown
from controller.domain.policy import Above, AtLeast, Missing
from controller.domain.ports import Probe, ProbeSpec
from probes.docker_health import PROBE as HEALTH
from probes.docker_logs import PROBE as LOGS
from probes.docker_stats import PROBE as STATS
from tests.clients.fake_aws import VirtualClock
from tests.probes.asking import asking
from tests.probes.fleet import NOW, instance
from tests.probes.test_fuzz import JSON, spoiled
from tests.support.answering import Says
from tests.support.fake_engine import FakeEngine

INSPECTED = {
    "RestartCount": 0,
    "State": {
        "Status": "running",
        "ExitCode": 0,
        "OOMKilled": False,
        "Health": {"Status": "healthy", "FailingStreak": 0, "Log": [{"ExitCode": 0, "Output": "ok"}]},
    },
    "Config": {"Tty": True},
    "HostConfig": {"LogConfig": {"Type": "json-file"}},
}
MEASURED = {
    "read": "2026-11-23T11:59:59Z",
    "memory_stats": {"usage": 4096, "limit": 8192, "stats": {"inactive_file": 1024}},
    "pids_stats": {"current": 3},
    "cpu_stats": {"cpu_usage": {"total_usage": 2000}, "system_cpu_usage": 9000, "online_cpus": 2},
    "precpu_stats": {"cpu_usage": {"total_usage": 1000}, "system_cpu_usage": 5000},
}
LINE = b"2026-11-23T11:59:58.123456789Z well\n"


@dataclass(frozen=True)
class Kind:
    """One rule: its probe, what it says, and the JSON answer that it lives on."""

    spec: ProbeSpec
    options: dict[str, Any]
    part: str
    good: dict[str, Any]


KINDS = {
    "health": Kind(HEALTH, {}, "json", INSPECTED),
    "restarts": Kind(STATS, {"metric": "restarts"}, "json", INSPECTED),
    "oom_killed": Kind(STATS, {"metric": "oom_killed"}, "json", INSPECTED),
    "memory": Kind(STATS, {"metric": "memory_percent"}, "stats", MEASURED),
    "cpu": Kind(STATS, {"metric": "cpu_percent"}, "stats", MEASURED),
    "pids": Kind(STATS, {"metric": "pids"}, "stats", MEASURED),
    "logs": Kind(LOGS, {"match": "dying"}, "json", INSPECTED),
}


@dataclass
class Stage:
    """An engine with one container, on one event loop; each question is of another moment."""

    runner: asyncio.Runner
    engine: FakeEngine
    clients: SharedClients
    clock: VirtualClock

    def ask(self, kind: Kind, answer: Says, part: str | None = None) -> Signal | Unknown | PlatformError:
        whole = {"json": INSPECTED, "stats": MEASURED}
        self.engine.answers = {f"/containers/i-0a/{name}": Says(json.dumps(said)) for name, said in whole.items()}
        self.engine.answers["/info"] = Says('{"MemTotal": 65536}')
        self.engine.answers["/containers/i-0a/logs"] = Says(LINE)
        self.engine.answers[f"/containers/i-0a/{part or kind.part}"] = answer
        try:
            return self.runner.run(self._read(kind))
        except PlatformError as error:
            return error

    async def _read(self, kind: Kind) -> Signal | Unknown:
        await self.clock.sleep(0.001)
        probe: Probe = kind.spec.build(None, self.engine, self.clients)
        threshold = kind.spec.threshold or (AtLeast(1) if kind.spec.counts else Above(90))
        rule = {"threshold": threshold, "within_seconds": 3600.0, "missing": Missing.ZERO, "probe": kind.spec.name}
        one = instance("i-0a", group=self.engine.url)
        options = kind.spec.options.model_validate(kind.options)
        return (await probe.read(asking(options, one, at=self.clock.now(), **rule)))["i-0a"]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        engine, clock = FakeEngine(), VirtualClock(NOW)
        clients = SharedClients(clock)
        runner.run(engine.__aenter__())
        yield Stage(runner, engine, clients, clock)
        runner.run(clients.aclose())
        runner.run(engine.__aexit__(None, None, None))


def honest(kind: Kind, found: Signal | Unknown | PlatformError) -> None:
    if isinstance(found, Signal):
        value = found.latest.value
        assert value.isprintable() if isinstance(value, str) else isfinite(value)
        assert isinstance(value, str) is (kind.spec is HEALTH)
        assert all(line.isprintable() for line in found.samples)
    else:
        text = str(found) if isinstance(found, PlatformError) else found.reason
        assert text
        assert text.isprintable()


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_answer_is_a_reading_that_condemns_nobody(stage: Stage, kind: str) -> None:
    found = stage.ask(KINDS[kind], Says(json.dumps(KINDS[kind].good)))
    assert isinstance(found, Signal), found
    threshold = KINDS[kind].spec.threshold or Above(90)
    assert not threshold.breached(found.latest.value)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=40)
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_an_error_or_tells_nothing(stage: Stage, kind: str, body: bytes) -> None:
    found = stage.ask(KINDS[kind], Says(body))
    honest(KINDS[kind], found)
    assert not isinstance(found, Signal)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_good_answer_that_was_spoiled_is_never_taken_for_more(stage: Stage, kind: str, data: st.DataObject) -> None:
    honest(KINDS[kind], stage.ask(KINDS[kind], Says(json.dumps(data.draw(spoiled(KINDS[kind].good))))))


@settings(deadline=None, max_examples=60)
@given(body=st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: LINE + tail))
def test_any_log_is_lines_or_tells_nothing(stage: Stage, body: bytes) -> None:
    found = stage.ask(KINDS["logs"], Says(body), part="logs")
    honest(KINDS["logs"], found)
    assert not isinstance(found, Signal) or found.latest.value == 0.0 or b"dying" in body
