"""Ten containers behind HAProxy, under steady load, and something is wrong with seven of them, each in its own way.

What decides is what others saw: the load's own log, HAProxy's log and statistics, the engine's list of containers.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.docker.ground import Ground, ground
from tests.e2e.harness.tap import Tap, tapped
from tests.e2e.harness.traces import attributes, root_of, trace_problems
from tests.support.docker_engine import Api
from tests.support.docker_fleet import Fleet, fleet
from tests.support.docker_images import Image, Recipe, build, move_tag, remove
from tests.support.eventually import eventually
from tests.support.load import Log, load

pytestmark = pytest.mark.alone

HANGS, FAILS, LEAKS, LOGS, ENTERED, AGED, DRIFTED = range(1, 8)
WELL = (8, 9, 10)

RULES = {
    HANGS: {"its own check", "answers"},
    FAILS: {"its own check", "answers"},
    LEAKS: {"memory nearly full"},
    LOGS: {"gave up"},
    ENTERED: {"exec_seen", "filesystem_changed"},
    AGED: {"max_image_age", "image_digest"},
    DRIFTED: {"image_digest"},
}
"""The rules that may have condemned each; AGED drifts too, as there is something fresher under its tag."""

CONFIG = {
    "max_image_age": "30d",
    "drift": ["image_digest"],
    "tampered_when": ["exec_seen", "filesystem_changed"],
    "degraded_when": [
        {"name": "its own check", "docker_health": {}, "for": "0s", "urgent": True},
        {"name": "answers", "http": {"path": "/health", "port": 80, "timeout": "2s"}, "for": "2s", "urgent": True},
        {"name": "memory nearly full", "docker_stats": {"metric": "memory_percent"}, "above": 90, "for": "0s"},
        {"name": "gave up", "docker_logs": {"match": "giving up"}, "count": 1, "within": "10m", "missing": "zero"},
    ],
    "limits": {"max_in_flight": 3, "replacements_per_hour": 1000},
    "stop_when": {"degraded_over": "60%"},
}

PER_SECOND = 60.0
DETECTED_SECONDS = 10.0
"""Within which HAProxy has surely taken a server out: two checks, each a second at most, on a busy machine."""


@pytest.mark.timeout(300)
async def test_each_is_repaved_and_no_request_fails_because_of_it(engine: Api, tmp_path: Path) -> None:
    async with (
        tapped() as tap,
        fleet(engine, None, 0) as web,
        ground(tmp_path, web, tap) as place,
        _images(web) as images,
    ):
        place.configure(CONFIG)
        async with place.daemon() as daemon:
            await daemon.says(settled=True)
            await _come(place, images)
            before = await web.now()
            async with (
                load(place.proxy.url, PER_SECOND, timeout_seconds=20.0) as log,
                place.watched(),
                _births(web) as born,
            ):
                await asyncio.sleep(1.0)
                broke_at = time.time()
                await _break(web, images["fresh"])
                await eventually(lambda: _all_new(place, before), within_seconds=200, every_seconds=0.5)
                await asyncio.sleep(2.0)
            await daemon.stopped()
        assert len(born) == len(RULES), "one successor each"
        await _who_is_who(place, before)
        _only_the_broken_failed(place, log, broke_at)
        _never_fewer(place, broke_at)
        await _each_trace_says_why(place, tap, before)


@asynccontextmanager
async def _images(web: Fleet) -> AsyncIterator[dict[str, Image]]:
    old = datetime.now(UTC) - timedelta(days=90)
    images = {
        name: await build(
            web.api, f"{web.mark}-{name}", Recipe(created=old if name == "aged" else None, labels={"for": name})
        )
        for name in ("plain", "aged", "moved", "fresh")
    }
    try:
        yield images
    finally:
        await web.api.clear(web.label)
        await remove(web.api, *(image.reference for image in images.values()))


async def _come(place: Ground, images: dict[str, Image]) -> None:
    """The ten are started while the daemon watches, so that it can know of every exec in them; it is the daemon that
    puts them into HAProxy."""
    web = place.fleet
    of = {AGED: images["aged"], DRIFTED: images["moved"]}
    for number in (*RULES, *WELL):
        await web.add(number, of.get(number, images["plain"]), stop_seconds=2)
    await web.healthy()

    async def all_serve() -> bool:
        return (await place.sample()).serving == web.containers.keys()

    await eventually(all_serve, within_seconds=60, every_seconds=0.2)


def _births(web: Fleet) -> AbstractAsyncContextManager[list[dict[str, Any]]]:
    return web.api.telling(type=["container"], event=["create"], label=[web.label])


async def _break(web: Fleet, fresh: Image) -> None:
    """Everything at once."""
    api = web.api
    await api.signal(web[HANGS].id, signal.SIGSTOP)
    await web.ask(web[FAILS], "/control/fail")
    await _leak(web)
    await web.ask(web[LOGS], "/control/log?line=lost+the+database,+giving+up")
    await api.execute(web[ENTERED].id, "/bin/touch", "/bin/left-behind")
    for number in (AGED, DRIFTED):
        await move_tag(api, (await api.inspect(web[number].id))["Config"]["Image"], fresh)


async def _leak(web: Fleet) -> None:
    """Up to its limit, less what it needs to serve on."""
    for _ in range(40):
        query = {"stream": False, "one-shot": True}
        memory = (await web.api.call("GET", f"/containers/{web[LEAKS].id}/stats", **query))["memory_stats"]
        if memory["usage"] > 0.93 * memory["limit"]:
            return
        await web.ask(web[LEAKS], "/control/leak?mib=2")
    raise AssertionError("it does not leak")


async def _all_new(place: Ground, before: dict[str, str]) -> bool:
    now = await place.fleet.now(every=True)
    changed = [
        number for number in RULES if now.get(place.fleet.name(number)) not in (None, before[place.fleet.name(number)])
    ]
    assert changed == list(RULES), f"repaved so far: {changed}, of {now}"
    return now.keys() == before.keys()


async def _who_is_who(place: Ground, before: dict[str, str]) -> None:
    """Every name is borne again, by somebody new where something was wrong, and HAProxy serves through all of them."""
    now = await place.fleet.now(every=True)
    names = {number: place.fleet.name(number) for number in (*RULES, *WELL)}
    assert now.keys() == set(names.values())
    assert {number for number, name in names.items() if now[name] != before[name]} == RULES.keys()
    sample = await place.sample()
    assert (len(sample.serving), sample.running) == (10, 10)
    for number in (AGED, DRIFTED):
        seen = await place.api.inspect(names[number])
        assert seen["Config"]["Labels"]["for"] == "fresh"


def _only_the_broken_failed(place: Ground, log: Log, broke_at: float) -> None:
    """Requests failed on the one that hangs and the one that answers 500, until HAProxy noticed; no others."""
    broken = {place.fleet.name(HANGS), place.fleet.name(FAILS)}
    logged = [one for one in place.requests() if one.status >= 500 or one.status < 0]
    assert {one.server for one in logged} <= broken, logged
    assert len(log.failures()) == len(logged), f"{log}\n{logged}"
    until = broke_at + DETECTED_SECONDS
    assert [one for one in log.failures() if not broke_at - 1 <= one.at <= until] == []
    assert len(log.outcomes) > 10 * PER_SECOND
    print(f"\n{len(log.outcomes)} requests; failed on the broken until their detection: {len(logged)}")


def _never_fewer(place: Ground, broke_at: float) -> None:
    """Two of ten are out because of what befell them; from then on there are never fewer."""
    least = 8
    assert [one for one in place.samples if len(one.serving) < least or one.running < least] == []
    assert any(len(one.serving) == least for one in place.samples if one.at > broke_at), "the faults were seen"
    assert len(place.samples) > 20


async def _each_trace_says_why(place: Ground, tap: Tap, before: dict[str, str]) -> None:
    done = await place.replacements()
    assert {one["outcome"] for one in done} == {"replaced"}
    assert len(done) == len(RULES)
    for number, rules in RULES.items():
        (one,) = [found for found in done if found["predecessor"] == before[place.fleet.name(number)]]
        spans = tap.trace(one["trace_id"])
        assert trace_problems(tap, one["trace_id"], await place.story(one["id"])) == []
        assert attributes(root_of(spans))["repave.rule"] in rules, number
        (observed,) = [span for span in spans if span.name == "observe"]
        evidence = [{note.key: note for note in event.attributes} for event in observed.events]
        breached = {
            str(note["repave.rule"].value.string_value)
            for note in evidence
            if note["repave.evidence.outcome"].value.string_value == "breached"
        }
        assert breached & rules, f"{number}: {breached}"
