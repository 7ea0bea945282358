"""A container in a trace is a container: under its standard names, and no host in the zone of a cloud."""

from dataclasses import replace
from typing import Any

from controller.domain.lifecycle import Kind, Step
from tests.record import stories
from tests.record.reading import PROJECTOR, decoded, values

OLD, NEW = "a1" * 32, "b2" * 32
BEFORE = {
    "container.id": OLD,
    "container.name": "web-1",
    "container.image.name": "app:1",
    "container.image.id": "sha256:" + "c3" * 32,
    "host.name": "host-1",
    "lifecycle": "running",
    "zone": "host-1",
    "image_id": "c3c3c3c3c3c3",
}
AFTER = {"container.id": NEW, "container.name": "r-7f3a9c21d0", "zone": "host-1", "image_id": "d4d4d4d4d4d4"}
NO_HOST = ("host.id", "host.image.id", "host.type", "cloud.provider", "cloud.availability_zone", "cloud.region")


def spans() -> dict[str, dict[str, Any]]:
    story = stories.Story(
        platform="docker",
        zone="host-1",
        predecessor=OLD[:12],
        predecessor_facts=BEFORE,
        scope={"host.name": "host-1"},
    )
    story.then(0.1, Kind.STARTED, Step.LAUNCH).call("docker.ContainerCreate", Step.LAUNCH)
    story.then(0.1, Kind.SUCCEEDED, Step.LAUNCH, successor=NEW[:12], successor_facts=AFTER)
    story.then(0.1, Kind.STARTED, Step.AWAIT_READY).then(1.0, Kind.SUCCEEDED, Step.AWAIT_READY)
    story.then(0.1, Kind.STARTED, Step.VERIFY).then(1.0, Kind.SUCCEEDED, Step.VERIFY, verification="improved")
    story.then(0.1, Kind.STARTED, Step.DRAIN).then(1.0, Kind.SUCCEEDED, Step.DRAIN)
    story.then(0.1, Kind.STARTED, Step.TERMINATE).then(1.0, Kind.SUCCEEDED, Step.TERMINATE)
    story.then(0.1, Kind.CLOSED, outcome="replaced")
    return {span.name: values(span.attributes) for span in decoded(PROJECTOR.replacement([], story.events))}


def test_no_span_speaks_of_a_host_in_a_cloud() -> None:
    found = spans()
    assert len(found) == 10
    assert [(name, key) for name, about in found.items() for key in NO_HOST if key in about] == []


def test_the_root_is_about_the_container_that_goes() -> None:
    root = spans()["replace web"]
    expected = {key: BEFORE[key] for key in BEFORE if "." in key}
    assert expected.items() <= root.items()
    assert root["repave.predecessor.id"] == OLD[:12]
    assert root["repave.predecessor.lifecycle"] == "running"


def test_each_step_is_about_the_container_that_it_moves() -> None:
    found = spans()
    moved = {"launch": NEW, "await_ready": NEW, "verify": NEW, "drain": OLD, "terminate": OLD}
    assert {name: found[name].get("container.id") for name in moved} == moved
    assert found["launch"]["container.name"] == "r-7f3a9c21d0"
    assert found["launch"]["repave.successor.image_id"] == "d4d4d4d4d4d4"


def test_a_refusal_is_about_a_container_too() -> None:
    known = {key: BEFORE[key] for key in BEFORE if "." in key}
    facts = {**stories.REFUSAL.facts, "zone": "host-1", "predecessor_facts": known, "scope": {"host.name": "host-1"}}
    refused = replace(stories.REFUSAL, instance_id=OLD[:12], facts=facts)
    (span,) = decoded(PROJECTOR.refusal("web", refused, stories.START))
    about = values(span.attributes)
    assert known.items() <= about.items()
    assert [key for key in NO_HOST if key in about] == []
