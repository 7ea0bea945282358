"""cloudwatch_logs against the embedded AWS: lines that instances write, counted by a query that the world reads."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from controller.demo.emissions import Emits, LogSpec
from controller.demo.scenario import GroupSpec
from controller.demo.scenarios import fleet
from controller.domain.errors import Denied, Transient
from controller.domain.model import Signal, Unknown
from controller.domain.policy import Missing
from controller.domain.ports import Probe, ProbeRequest
from probes.cloudwatch_logs import PROBE
from tests.clients.fake_aws import VirtualClock, client_of
from tests.probes.fleet import OneClient, instance, request
from tests.support.cloud import Cloud, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

OOM = "Out of memory: Killed process 4242 (java)"
HEALTHY, CHATTY = (
    LogSpec(group="/web/system", message="session opened for root", lines_per_minute=2),
    LogSpec(group="/web/app", stream="{instance}/app", message="GET / 500 (timeout)", lines_per_minute=60),
)


def group() -> GroupSpec:
    return fleet("web", instances=3).model_copy(update={"emits": Emits(logs=(HEALTHY, CHATTY))})


@dataclass
class Eyes:
    """A world to look at, each time with a reader that has seen nothing yet."""

    cloud: Cloud
    resources: Any
    now: datetime

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.cloud.first("web").instances)

    def request(self, within_seconds: float = 600, **options: Any) -> ProbeRequest:
        asked = request(PROBE, *(instance(one) for one in self.ids))
        said = PROBE.options.model_validate({"group": "/web/system", "match": "Out of memory", **options})
        condition = replace(asked.condition, options=said, missing=Missing.ZERO, within_seconds=within_seconds)
        return replace(asked, condition=condition, at=self.now)

    async def pass_time(self, seconds: float) -> None:
        await self.cloud.pass_time(seconds)
        self.now += timedelta(seconds=seconds)

    async def look(self, **options: Any) -> Any:
        probe: Probe = PROBE.build(None, None, self.resources)
        found = await probe.read(self.request(**options))
        return [found[one] for one in self.ids]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("world"), group()) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def eyes(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Eyes]:
    for name, value in cloud.world.environment().items():
        monkeypatch.setenv(name, value)
    aws = client_of(VirtualClock())
    yield Eyes(cloud, OneClient(aws), await cloud.remote.now())
    await aws.aclose()


async def test_a_host_out_of_memory_is_counted_with_its_lines_and_the_others_are_healthy(eyes: Eyes) -> None:
    await eyes.cloud.remote.happen("lines", instance=eyes.ids[1], group="/web/system", count=4, message=OOM)
    await eyes.pass_time(5)
    first, sick, third = await eyes.look()
    assert [found.latest.value for found in (first, sick, third)] == [0, 4, 0]
    assert sick.samples == (OOM,) * 4
    await eyes.pass_time(700)
    assert [found.latest.value for found in await eyes.look()] == [0, 0, 0], "they have left the span"


async def test_a_dead_shipper_is_unknown_and_not_healthy(eyes: Eyes) -> None:
    await eyes.cloud.remote.happen("lines", instance=eyes.ids[0], silent=True)
    await eyes.pass_time(400)
    silent, *others = await eyes.look(silent_after="5m")
    assert isinstance(silent, Unknown)
    assert "over 5m ago" in silent.reason
    assert all(isinstance(other, Signal) for other in others)
    await eyes.pass_time(300)
    silent, *_ = await eyes.look()
    assert "no line of it has reached /web/system" in silent.reason
    await eyes.cloud.remote.happen("lines", instance=eyes.ids[0], silent=False)
    await eyes.pass_time(60)
    assert all(isinstance(found, Signal) for found in await eyes.look())


async def test_streams_by_template_and_a_regular_expression(eyes: Eyes) -> None:
    about = {"group": "/web/app", "stream": "{instance}/*", "match": r"/ 5\d\d \((timeout|reset)\)/"}
    found = await eyes.look(**about, within_seconds=60)
    assert all(58 <= signal.latest.value <= 62 for signal in found)
    assert all(signal.samples == ("GET / 500 (timeout)",) * 5 for signal in found)
    assert all(isinstance(signal, Unknown) for signal in await eyes.look(**{**about, "stream": "{instance}"}))


@pytest.mark.parametrize(
    ("state", "kind"), [("failed", Transient), ("partial", Transient), ("stuck", Transient), ("forbidden", Denied)]
)
async def test_a_source_that_does_not_answer_is_an_error(eyes: Eyes, state: str, kind: type[Exception]) -> None:
    await eyes.cloud.remote.happen("telemetry", source="logs", state=state)
    try:
        with pytest.raises(kind):
            await eyes.look()
    finally:
        await eyes.cloud.remote.happen("telemetry", source="logs", state="complete")


async def test_a_source_without_lines_is_unknown_for_everybody(eyes: Eyes) -> None:
    await eyes.cloud.remote.happen("telemetry", source="logs", state="empty")
    try:
        assert all(isinstance(found, Unknown) for found in await eyes.look())
    finally:
        await eyes.cloud.remote.happen("telemetry", source="logs", state="complete")


async def test_who_writes_no_lines_cannot_be_made_to(eyes: Eyes) -> None:
    with pytest.raises(ValueError, match="writes no lines to /nowhere"):
        await eyes.cloud.remote.happen("lines", instance=eyes.ids[0], group="/nowhere", count=1, message="x")


async def test_asking_is_not_changing(eyes: Eyes) -> None:
    await eyes.look()
    asked = [line for line in eyes.cloud.wire("request") if line["service"] == "logs"]
    assert {line["action"] for line in asked} >= {"StartQuery", "GetQueryResults"}
    assert not any(line["mutating"] for line in asked)
