"""image_age and instance_age: a date, or the reason why there is none that counts."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.domain.model import Image, Signal, Unknown
from controller.domain.policy import Above
from controller.domain.ports import ProbeSpec
from probes import image_age, instance_age
from tests.probes.fleet import NOW, OneClient, instance, request

DAY = 86_400.0


def born(spec: ProbeSpec, at: datetime | None, name: str = "i-0a", image: str = "ami-0123") -> Any:
    if spec is image_age.PROBE:
        return instance(name, image=Image(image, at))
    return instance(name, launched_at=at, image=Image(image))


async def ask(spec: ProbeSpec, *instances: Any) -> Any:
    probe = spec.build(None, None, OneClient(None))
    return await probe.read(request(spec, *instances))


@pytest.mark.parametrize("spec", [image_age.PROBE, instance_age.PROBE], ids=lambda spec: spec.name)
@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=1.5), timedelta(days=30), timedelta(days=19 * 365)])
async def test_the_value_is_the_age_in_seconds_at_the_moment_asked_about(spec: ProbeSpec, age: timedelta) -> None:
    found = await ask(spec, born(spec, NOW - age))
    signal = found["i-0a"]
    assert isinstance(signal, Signal)
    assert signal.latest.value == age.total_seconds()
    assert signal.latest.measured_at == NOW
    assert signal.unit == spec.unit == "s"


@pytest.mark.parametrize("spec", [image_age.PROBE, instance_age.PROBE], ids=lambda spec: spec.name)
@pytest.mark.parametrize(
    ("at", "why"),
    [
        (None, "no"),
        (NOW + timedelta(seconds=1), "future"),
        (datetime(1970, 1, 1, tzinfo=NOW.tzinfo), "1970-01-01"),
        (datetime(1980, 1, 1, tzinfo=NOW.tzinfo), "1980-01-01"),
        (datetime(2000, 1, 1, tzinfo=NOW.tzinfo), "2000-01-01"),
        (datetime(2005, 12, 31, tzinfo=NOW.tzinfo), "2005-12-31"),
    ],
)
async def test_a_date_that_cannot_be_is_unknown_and_never_old(spec: ProbeSpec, at: datetime | None, why: str) -> None:
    found = await ask(spec, born(spec, at))
    assert isinstance(found["i-0a"], Unknown)
    assert why in found["i-0a"].reason
    assert found["i-0a"].query


async def test_the_reason_names_what_has_no_date() -> None:
    image = await ask(image_age.PROBE, born(image_age.PROBE, None))
    launch = await ask(instance_age.PROBE, born(instance_age.PROBE, None))
    assert image["i-0a"].reason == "no creation date is known for ami-0123"
    assert launch["i-0a"].reason == "no launch time is known for i-0a"


async def test_each_instance_has_its_own_answer_whatever_the_others_lack() -> None:
    spec = image_age.PROBE
    fleet = [born(spec, NOW - timedelta(days=1), "i-0a"), born(spec, None, "i-0b"), born(spec, NOW, "i-0c")]
    found = await ask(spec, *fleet)
    assert found["i-0a"].latest.value == DAY
    assert isinstance(found["i-0b"], Unknown)
    assert found["i-0c"].latest.value == 0.0


async def test_a_person_can_repeat_the_query() -> None:
    ec2 = await ask(image_age.PROBE, born(image_age.PROBE, NOW))
    engine = await ask(image_age.PROBE, born(image_age.PROBE, NOW, "c0ffee", "sha256:feed"))
    assert ec2["i-0a"].query == "ec2 DescribeImages ami-0123"
    assert engine["c0ffee"].query == "creation date of sha256:feed"
    launch = await ask(instance_age.PROBE, born(instance_age.PROBE, NOW), born(instance_age.PROBE, NOW, "c0ffee"))
    assert launch["i-0a"].query == "ec2 DescribeInstances i-0a"
    assert launch["c0ffee"].query == "launch time of c0ffee"


@pytest.mark.parametrize("spec", [image_age.PROBE, instance_age.PROBE], ids=lambda spec: spec.name)
async def test_what_is_too_old_is_left_to_the_operator(spec: ProbeSpec) -> None:
    assert spec.threshold is None
    found = await ask(spec, born(spec, NOW - timedelta(days=31)))
    assert Above(30 * DAY).breached(found["i-0a"].latest.value)
