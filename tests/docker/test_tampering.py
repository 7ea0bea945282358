"""Tampering on a real engine: who is entered or changed is replaced with what it was like on the trace; where many are,
nobody is; and what was seen is not forgotten.
"""

import io
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.app.build import Builder, shared_clients
from controller.app.configuration import specs
from controller.app.state import opened_journal
from controller.clock import SystemClock
from controller.domain.ports import Journal
from controller.loop import FleetLoop, Tick
from controller.record.document import SpanDocument, trace_document
from controller.record.waterfall import waterfall
from controller.settings import load
from tests.docker.looking import looked
from tests.support.docker_engine import Api
from tests.support.docker_fleet import Fleet, fleet
from tests.support.docker_images import Image, remove
from tests.support.eventually import eventually

CONFIG = """\
version: 1
mode: {mode}
state: sqlite:///{folder}/journal.db
tick: 1s
limits: {{replacements_per_hour: 100}}
fleets:
  edge:
    docker: {{host: "{url}", label: "{label}"}}
    warm_up: 0s
    tampered_when:
      - filesystem_changed: {{except: [/tmp]}}
      - exec_seen
    verify: {{ready_within: 30s, bake: 0s}}
    limits: {{replacements_per_hour: 100}}
    poll: 0.2s
"""
FILES = "tampered_when: [{filesystem_changed: {except: [/tmp, /var/cache]}}]"


@dataclass
class Watch:
    """A daemon's loop in this process, ticked by the test."""

    loop: FleetLoop
    journal: Journal

    async def tick(self) -> Tick:
        return await self.loop.tick()

    async def instances(self) -> dict[str, dict[str, Any]]:
        """Of the newest report, by id."""
        (report,) = await self.journal.reports()
        return {item["id"]: dict(item) for item in report.report["instances"]}


@asynccontextmanager
async def watching(web: Fleet, folder: Path, mode: str = "act") -> AsyncIterator[Watch]:
    text = CONFIG.format(mode=mode, folder=folder, url=web.api.url, label=web.label)
    config, clock = load(text, "edge.yaml", specs()), SystemClock()
    policy = config.fleets["edge"]
    async with shared_clients(clock) as clients, opened_journal(config.state, clients) as journal:
        await journal.save_policy(policy)
        loop = Builder(config, clock, clients, journal).loop(policy, "test", lambda: None)
        try:
            yield Watch(loop, journal)
        finally:
            await loop.stop(10.0)


async def put(api: Api, container: str, path: str, content: str = "x") -> None:
    """Write a file into a container without running anything in it."""
    folder, _, name = path.rpartition("/")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content.encode()))
    await api.call("PUT", f"/containers/{container}/archive?path={folder or '/'}", buffer.getvalue())


def calls(spans: list[SpanDocument], name: str) -> list[SpanDocument]:
    return [span for span in spans if span.name == name]


async def test_who_was_entered_is_replaced_and_what_it_was_like_hangs_on_the_trace(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    said = {"environment": {"DB_PASSWORD": "hunter2-env", "GREETING": "hello"}, "stop_seconds": 2}
    async with fleet(engine, app_image, 4, **said) as web, watching(web, tmp_path) as repave:
        await web.healthy()
        before = await web.now()
        await repave.tick()
        await web.ask(web[2], "/control/log?line=the+last+words+token=hunter2-log")
        await engine.execute(web[2].id, "/bin/sh", "-c", "echo 1 > /etc/changed")

        async def replaced() -> Any:
            tick = await repave.tick()
            ended = [one for one in await repave.journal.replacements() if not one.open]
            assert ended, tick.sentence
            return ended

        (done,) = await eventually(replaced, within_seconds=90, every_seconds=0.3)
        events = await repave.journal.events(done.id)
        document = trace_document(events, SystemClock().now())
        assert (done.predecessor, done.outcome, done.verification) == (web[2].short, "replaced", "improved"), document
        assert done.facts["verdict"] == "tampered"
        assert "exec_seen" in done.causes
        (observe,) = calls(document.spans, "observe")
        samples = {
            item.attributes["repave.rule"]: item.attributes.get("repave.evidence.samples") for item in observe.events
        }
        assert str(samples["exec_seen"]).startswith("('/bin/sh -c echo 1 > /etc/changed (")
        if "filesystem_changed" in done.causes:  # on a busy machine the comparison may be a few seconds old
            assert "added /etc/changed" in str(samples["filesystem_changed"])
        kept = calls(document.spans, "docker.ContainerStop")[0].events
        parts: dict[str, str] = {}
        for item in kept[1:]:
            parts[item.name] = parts.get(item.name, "") + str(item.attributes["repave.kept.text"])
        assert {"evidence.logs", "evidence.inspect", "evidence.stats", "evidence.changes", "evidence.top"} <= set(parts)
        assert "the last words token=[redacted]" in parts["evidence.logs"]
        assert "A /etc/changed" in parts["evidence.changes"]
        assert "GREETING=hello" in parts["evidence.inspect"]
        assert "hunter2" not in document.model_dump_json()
        drawn = [line.text for line in waterfall(events, SystemClock().now(), 140)]
        assert sum("kept: 1 line of log, 2 changed paths, " in line for line in drawn) == 1
        after = await web.now()
        assert after.keys() == before.keys()
        assert {name for name in after if after[name] != before[name]} == {web.name(2)}
        await repave.tick()
        assert {one["verdict"] for one in (await repave.instances()).values()} <= {"healthy"}


async def test_where_many_were_entered_nobody_is_replaced_and_a_person_is_told_why(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 5) as web, watching(web, tmp_path) as repave:
        await web.healthy()
        await repave.tick()
        for number in (1, 2):
            await engine.execute(web[number].id, "/bin/touch", "/tmp/here")
        before = await web.now()
        entered = {web[1].short, web[2].short}

        async def found() -> bool:
            await repave.tick()
            seen = await repave.instances()
            return {name for name, one in seen.items() if one["verdict"] == "tampered"} == entered

        await eventually(found, within_seconds=30, every_seconds=0.3)
        tick = await repave.tick()
        seen = await repave.instances()
        for name in entered:
            assert seen[name]["decision"] == "hold"
            reasons = {veto["rule"]: veto["reason"] for veto in seen[name]["vetoes"]}
            assert reasons["fleet_wide_fault"] == "2 of 5 desired instances are tampered, more than 30%"
        assert "fleet_wide_fault" in tick.sentence
        assert await repave.journal.replacements() == ()
        assert await web.now() == before


async def test_what_was_seen_is_not_forgotten_by_a_restart_nor_by_an_engine_that_has(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 2) as web:
        await web.healthy()
        async with watching(web, tmp_path, mode="observe") as repave:
            await repave.tick()
            await engine.execute(web[1].id, "/bin/touch", "/tmp/here")

            async def tampered() -> bool:
                await repave.tick()
                return bool((await repave.instances())[web[1].short]["verdict"] == "tampered")

            await eventually(tampered, within_seconds=30, every_seconds=0.3)
        await _wash(engine, web, app_image)
        async with watching(web, tmp_path, mode="observe") as repave:
            await repave.tick()
            seen = (await repave.instances())[web[1].short]
        (item,) = [one for one in seen["evidence"] if one["rule"] == "exec_seen"]
        assert (seen["verdict"], item["value"], item["outcome"]) == ("tampered", 1.0, "breached")
        assert "it does not pass, though it reads unknown" in item["reason"]
        assert item["samples"][0].startswith("/bin/touch /tmp/here (")


async def _wash(engine: Api, web: Fleet, image: Image) -> None:
    """So much happens that the engine keeps nothing of what was before."""
    repository, _, _ = image.reference.partition(":")
    tag = f"wash-{web.mark}"
    for _ in range(260):
        await engine.call("POST", f"/images/{image.id}/tag", repo=repository, tag=tag)
    await remove(engine, f"{repository}:{tag}")


@pytest.mark.parametrize(
    ("path", "verdict"), [("/tmp/x", "healthy"), ("/bin/x", "tampered"), ("/etc/passwd", "tampered")]
)
async def test_what_was_written_into_a_container_shows_unless_it_may(
    engine: Api, app_image: Image, tmp_path: Path, path: str, verdict: str
) -> None:
    async with fleet(engine, app_image, 1) as web:
        await put(engine, web[1].id, path)
        (seen,) = (await looked(engine, tmp_path, web.label, FILES)).values()
        assert seen["verdict"] == verdict
        (item,) = seen["evidence"]
        assert item["samples"] == ([f"added {path}"] if verdict == "tampered" else [])


async def test_a_container_as_it_was_made_has_changed_nothing_whatever_is_mounted(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 0) as web:
        volume = f"kept-{web.mark}"
        mounts = [
            {"Type": "volume", "Source": volume, "Target": "/srv/deep/kept"},
            {"Type": "tmpfs", "Target": "/var/fast"},
            {"Type": "bind", "Source": str(tmp_path), "Target": "/bound/here", "ReadOnly": True},
        ]
        await web.add(1, app_image, host={"Mounts": mounts, "Tmpfs": {"/scratch": ""}, "ReadonlyRootfs": False})
        await web.add(2, app_image)
        await web.healthy()
        try:
            seen = await looked(engine, tmp_path, web.label, FILES)
            assert {name: one["evidence"][0]["value"] for name, one in seen.items()} == {web.name(1): 0, web.name(2): 0}
        finally:
            await engine.clear(web.label)
            await engine.call("DELETE", f"/volumes/{volume}")
