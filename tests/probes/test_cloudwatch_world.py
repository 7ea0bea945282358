"""cloudwatch against the embedded AWS: what instances emit is what the probe reads."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from controller.demo.emissions import Emits, MetricSpec
from controller.demo.scenario import GroupSpec
from controller.demo.scenarios import fleet
from controller.domain.model import Signal, Unknown
from controller.domain.ports import ProbeRequest
from probes.cloudwatch import PROBE, Cloudwatch
from tests.clients.fake_aws import VirtualClock, client_of
from tests.probes.fleet import OneClient, instance, request
from tests.support.cloud import Cloud, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

DISK = MetricSpec(name="disk_used_percent", dimensions={"path": "/", "device": "nvme0n1p1", "fstype": "xfs"}, value=40)
LATENCY = MetricSpec(namespace="Shop", name="latency", value=100, noise=50, every_seconds=1)
ERRORS = MetricSpec(namespace="AWS/ApplicationELB", name="HTTPCode_Target_5XX_Count", dimensions={"LB": "web"}, value=3)


def group() -> GroupSpec:
    plain = fleet("web", instances=3)
    filling = plain.members[0].model_copy(
        update={"emits": Emits(metrics=(DISK.model_copy(update={"per_minute": 10.0, "highest": 97.0}),))}
    )
    return plain.model_copy(
        update={
            "emits": Emits(metrics=(DISK, LATENCY)),
            "members": (filling, *plain.members[1:]),
            "fleet_metrics": (ERRORS,),
        }
    )


@dataclass
class Eyes:
    """A probe, and a world to look at."""

    cloud: Cloud
    probe: Cloudwatch
    now: datetime

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.cloud.first("web").instances)

    def request(self, **options: Any) -> ProbeRequest:
        about = {
            "namespace": "CWAgent",
            "metric": "disk_used_percent",
            "stat": "Maximum",
            "dimensions": DISK.dimensions,
        }
        asked = request(PROBE, *(instance(one) for one in self.ids))
        condition = replace(
            asked.condition, options=PROBE.options.model_validate({**about, **options}), for_seconds=300
        )
        return replace(asked, condition=condition, at=self.now)

    async def pass_time(self, seconds: float) -> None:
        await self.cloud.pass_time(seconds)
        self.now += timedelta(seconds=seconds)

    async def look(self, **options: Any) -> Any:
        found = await self.probe.read(self.request(**options))
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
    yield Eyes(cloud, PROBE.build(None, None, OneClient(aws)), await cloud.remote.now())  # type: ignore[arg-type]
    await aws.aclose()


async def test_a_filling_disk_is_seen_to_fill_and_the_others_are_not(eyes: Eyes) -> None:
    await eyes.pass_time(600)
    filling, *others = await eyes.look()
    values = [reading.value for reading in filling.readings]
    assert values == sorted(values)
    assert (values[-1], len(values)) == (97, 10)
    assert {reading.value for other in others for reading in other.readings} == {40}
    newest = filling.latest.measured_at
    assert eyes.now - timedelta(seconds=120) < newest <= eyes.now - timedelta(seconds=60), "the last complete minute"


async def test_without_all_dimensions_there_is_nothing_and_the_reason_names_them(eyes: Eyes) -> None:
    for found in await eyes.look(dimensions={"path": "/"}):
        assert isinstance(found, Unknown)
        assert "(device, fstype, path)" in found.reason
    await eyes.pass_time(1)
    for found in await eyes.look(dimensions={}, metric="nonsense"):
        assert "no nonsense is published for it in CWAgent" in found.reason
    for found in await eyes.look(dimensions={}, namespace="Shop"):
        assert isinstance(found, Unknown), "the same name in another namespace is another metric"


async def test_statistics_differ_as_they_should(eyes: Eyes) -> None:
    about = {"namespace": "Shop", "metric": "latency", "dimensions": {}}
    latest = {}
    for stat in ("Minimum", "p50", "Average", "p99", "Maximum", "SampleCount"):
        (found, *_) = await eyes.look(**about, stat=stat)
        latest[stat] = found.latest.value
    assert 50 <= latest["Minimum"] < latest["p50"] < latest["p99"] <= latest["Maximum"] <= 150
    assert 90 < latest["Average"] < 110
    assert latest["SampleCount"] == 60


async def test_increments_show_what_the_whole_would(eyes: Eyes) -> None:
    """An incremental reader and one that has just begun agree, minute by minute, late samples included."""
    await eyes.cloud.remote.happen("metric", instance=eyes.ids[1], name="disk_used_percent", late_seconds=100)
    for step in range(8):
        await eyes.pass_time(45)
        if step == 4:
            await eyes.cloud.remote.happen("metric", instance=eyes.ids[1], name="disk_used_percent", value=55)
        fresh = replace(eyes, probe=Cloudwatch(eyes.probe._aws, None))
        assert await eyes.look() == await fresh.look()


async def test_silence_ends_the_readings_and_nothing_else(eyes: Eyes) -> None:
    await eyes.cloud.remote.happen("metric", instance=eyes.ids[2], name="disk_used_percent", silent=True)
    await eyes.pass_time(240)
    *_, silenced = await eyes.look()
    assert eyes.now - silenced.latest.measured_at > timedelta(seconds=240)
    await eyes.pass_time(600)
    *others, silenced = await eyes.look()
    assert isinstance(silenced, Unknown)
    assert "has its agent stopped" in silenced.reason
    assert all(isinstance(other, Signal) for other in others)
    await eyes.cloud.remote.happen("metric", instance=eyes.ids[2], name="disk_used_percent", silent=False)


@pytest.mark.parametrize("state", ["partial", "forbidden", "failed", "empty"])
async def test_a_source_that_is_not_whole_says_nothing(eyes: Eyes, state: str) -> None:
    await eyes.cloud.remote.happen("telemetry", source="metrics", state=state)
    try:
        assert all(isinstance(found, Unknown) for found in await eyes.look())
    finally:
        await eyes.cloud.remote.happen("telemetry", source="metrics", state="complete")


async def test_a_newcomer_emits_what_its_group_does_from_its_own_birth(eyes: Eyes) -> None:
    cloud = eyes.cloud
    await cloud.set_desired("web", 4)
    await eyes.pass_time(130)
    (newcomer,) = await cloud.newcomers("web")
    found = (await eyes.probe.read(replace(eyes.request(), instances=(instance(newcomer),))))[newcomer]
    assert isinstance(found, Signal)
    assert found.latest.value == 40
    assert len(found.readings) <= 2
    await cloud.terminate(newcomer, decrement=True)
    await eyes.pass_time(180)
    gone = (await eyes.probe.read(replace(eyes.request(), instances=(instance(newcomer),))))[newcomer]
    assert isinstance(gone, Signal)
    assert eyes.now - gone.latest.measured_at > timedelta(seconds=120)


async def test_a_fleets_own_metric(eyes: Eyes) -> None:
    about = {"namespace": ERRORS.namespace, "metric": ERRORS.name, "dimensions": ERRORS.dimensions, "stat": "Sum"}
    found = await eyes.probe.read_fleet(eyes.request(**about))
    assert isinstance(found, Signal)
    assert found.latest.value == 3
    await eyes.cloud.remote.happen("metric", name=ERRORS.name, value=80)
    await eyes.pass_time(180)
    found = await eyes.probe.read_fleet(eyes.request(**about))
    assert isinstance(found, Signal)
    assert found.latest.value == 80


async def test_what_nobody_emits_cannot_be_changed(eyes: Eyes) -> None:
    with pytest.raises(ValueError, match="emits no metric nonsense"):
        await eyes.cloud.remote.happen("metric", instance=eyes.ids[0], name="nonsense", value=1)
