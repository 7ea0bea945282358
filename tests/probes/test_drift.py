"""launch_template, image and image_digest: what an instance is against what a launch would use now, both sides said."""

from datetime import timedelta
from typing import Any

import pytest

from controller.domain.model import Image, Signal, Unknown
from probes import image, image_digest, launch_template
from tests.probes.fleet import NOW, TEMPLATE, OneClient, instance, request


async def read(module: Any, member: Any, **of_group: Any) -> Signal | Unknown:
    probe = module.PROBE.build(None, None, OneClient(None))
    found = await probe.read(request(module.PROBE, member, **of_group))
    answer: Signal | Unknown = found[member.id]
    return answer


def value(answer: Signal | Unknown) -> str:
    assert isinstance(answer, Signal)
    return str(answer.latest.value)


def born_of(**attributes: str) -> Any:
    return instance(attributes={key: text for key, text in (TEMPLATE | attributes).items() if text})


async def test_what_a_launch_would_use_now_is_current() -> None:
    assert value(await read(launch_template, instance())) == "current"
    assert value(await read(image, instance())) == "current"


async def test_the_reading_is_of_the_moment_when_the_inventory_was_read() -> None:
    answer = await read(image, instance(), read_at=NOW - timedelta(seconds=2))
    assert isinstance(answer, Signal)
    assert answer.latest.measured_at == NOW - timedelta(seconds=2)


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"launch_template_version": "3"}, "version 3, a launch would use version 5"),
        ({"launch_template_version": "6"}, "version 6, a launch would use version 5"),
        ({"launch_template_id": "lt-0b"}, "version 5 of lt-0b, a launch would use version 5 of lt-0a"),
        (
            {"launch_template_id": "", "launch_template_version": "", "launch_configuration": "old"},
            "launch configuration old, a launch would use version 5 of lt-0a",
        ),
    ],
)
async def test_another_template_or_version_differs(attributes: dict[str, str], said: str) -> None:
    found = value(await read(launch_template, born_of(**attributes)))
    assert found == f"differs: {said}"
    assert launch_template.PROBE.threshold is not None
    assert launch_template.PROBE.threshold.breached(found)


@pytest.mark.parametrize("version", ["", "$Latest", "$Default"])
async def test_a_side_that_cannot_be_told_is_unknown(version: str) -> None:
    unborn = await read(launch_template, born_of(launch_template_version=version))
    assert unborn == Unknown("it cannot be told which launch template i-0a was born of", getattr(unborn, "query", ""))
    undeclared = await read(launch_template, instance(), attributes=TEMPLATE | {"launch_template_version": version})
    assert undeclared == Unknown("it cannot be told which launch template a launch would use now")


async def test_another_image_differs() -> None:
    found = value(await read(image, instance(image=Image("ami-0aged"))))
    assert found == "differs: ami-0aged, a launch would use ami-0123"
    assert image.PROBE.threshold is not None
    assert image.PROBE.threshold.breached(found)


async def test_an_image_that_cannot_be_told_is_unknown() -> None:
    assert isinstance(await read(image, instance(), launch_image=None), Unknown)
    assert isinstance(await read(image, instance(image=Image("unknown"))), Unknown)


# Containers: each of them knows what a launch in its place would use


def container(runs: str, **changed: Any) -> Any:
    return instance(image=Image(runs), attributes={"container.image.name": "app:1"}, **changed)


async def test_a_container_differs_from_what_its_own_reference_means_now() -> None:
    assert value(await read(image_digest, container("0a", launch_image=Image("0a")))) == "current"
    moved = await read(image_digest, container("0a", launch_image=Image("0b")), launch_image=Image("0a"))
    assert value(moved) == "differs: 0a, a launch would use 0b"
    assert image_digest.PROBE.threshold is not None
    assert image_digest.PROBE.threshold.breached(value(moved))


async def test_what_nobody_can_look_up_is_no_drift() -> None:
    lost = await read(image_digest, container("0a"), launch_image=None)
    assert lost == Unknown("it cannot be told which image app:1 means now", "docker ImageInspect app:1")
    assert isinstance(await read(image_digest, container("unknown")), Unknown)
