"""The probes of containers, against what a real engine says of real ones."""

import asyncio
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from controller.domain.policy import Missing
from tests.docker.looking import looked
from tests.support.docker_engine import Api
from tests.support.docker_fleet import Fleet, fleet
from tests.support.docker_images import Image, Recipe, build
from tests.support.eventually import eventually

pytestmark = pytest.mark.alone

Found = list[dict[str, dict[str, Any]]]
HEALTH = "degraded_when:\n  - {name: sick, docker_health: {}}"
STATS = """\
degraded_when:
  - {name: full, docker_stats: {metric: memory_percent}, above: 60}
  - {name: bytes, docker_stats: {metric: memory_bytes}, above: 1000000000}
  - {name: busy, docker_stats: {metric: cpu_percent}, above: 50}
  - {name: crowded, docker_stats: {metric: pids}, above: 100}
  - {name: restarted, docker_stats: {metric: restarts}, above: 1}
  - {name: starved, docker_stats: {metric: oom_killed}, above: 0}"""
HTTP = """\
degraded_when:
  - {name: silent, http: {port: 80, path: /health, timeout: 1s}}
  - {name: slow, http: {port: 80, timeout: 2s, metric: latency_ms}, above: 400}"""


def logs(match: str = "dying", count: int = 2, missing: Missing = Missing.ZERO) -> str:
    rule = f"{{name: dying, docker_logs: {{match: {match}}}, count: {count}, within: 10m, missing: {missing}}}"
    return f"degraded_when:\n  - {rule}"


async def evidence(web: Fleet, folder: Path, policy: str, *numbers: int) -> Found:
    """What is known of these containers, by rule."""
    seen = await looked(web.api, folder, web.label, policy)
    return [{item["rule"]: item for item in seen[web.name(number)]["evidence"]} for number in numbers]


async def test_the_engines_own_words_about_health(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 3) as web:
        await web.add(4, await build(engine, "unchecked", Recipe(health_seconds=0)))
        await web.healthy()
        await web.ask(web[2], "/control/fail")
        await engine.signal(web[3].id, signal.SIGKILL)

        async def both() -> Found:
            found = await evidence(web, tmp_path, HEALTH, 1, 2, 3, 4)
            return found if all(one["sick"]["outcome"] == "breached" for one in found[1:3]) else []

        well, failing, ended, unchecked = await eventually(both, within_seconds=30, every_seconds=0.5)
        assert (well["sick"]["value"], well["sick"]["outcome"]) == ("healthy", "ok")
        assert (unchecked["sick"]["value"], unchecked["sick"]["outcome"]) == ("running", "ok")
        assert failing["sick"]["value"] == "unhealthy: its health check fails"
        assert failing["sick"]["samples"], "what the check said last is shown"
        assert ended["sick"]["value"] == "unhealthy: exited 137"


async def test_memory_processes_restarts_and_an_end_for_want_of_memory(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 1) as web:
        await web.add(2, app_image, restart="always")
        await web.answering()
        await web.ask(web[1], "/control/leak?mib=40")
        await asyncio.gather(web.ask(web[2], "/control/leak?mib=100"), return_exceptions=True)

        async def again() -> bool:
            return bool((await engine.inspect(web[2].id))["RestartCount"])

        await eventually(again, within_seconds=30)
        full, starved = await evidence(web, tmp_path, STATS, 1, 2)
        assert full["full"]["outcome"] == "breached"
        assert 65 < full["full"]["value"] < 100
        assert full["bytes"]["value"] == full["full"]["value"] / 100 * 64 * 1024**2
        by_hand = await shown_by_docker(web[1].id)
        assert by_hand is None or abs(by_hand - full["bytes"]["value"] / 1024**2) < 12, "a health check comes and goes"
        assert 1 <= full["crowded"]["value"] < 20
        assert full["busy"]["outcome"] == "ok"
        assert (full["restarted"]["value"], full["starved"]["value"]) == (0, 0)
        assert (starved["restarted"]["value"], starved["starved"]["value"]) == (1, 1)
        assert starved["starved"]["outcome"] == "breached"


async def shown_by_docker(container: str) -> float | None:
    """What the docker command shows as its memory, in MiB; None where there is no such command."""
    if shutil.which("docker") is None:
        return None
    command = ("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", container)
    asked = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await asked.communicate()
    return float(output.split(b"MiB")[0])


async def test_a_processor_that_is_kept_busy(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 1) as web:
        python = (await engine.inspect(web[1].id))["Path"]
        busy = {"Entrypoint": [python, "-c", "while True: pass"], "Cmd": []}
        await web.add(2, app_image, more=busy, host={"NanoCpus": 800_000_000})
        await web.add(3, app_image, host={"Memory": 0, "MemorySwap": 0})
        await engine.call("POST", f"/containers/{web[3].id}/stop", t="0")
        (idle, used, stopped) = await evidence(web, tmp_path, STATS, 1, 2, 3)
        # How much it gets on a busy machine is the machine's business.
        assert max(1.0, 2 * idle["busy"]["value"]) < used["busy"]["value"] < 130
        assert stopped["busy"]["reason"] == "nothing is measured of it: it does not run"


async def test_a_share_of_no_limit_is_unknown(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 1, host={"Memory": 0, "MemorySwap": 0}) as web:
        (unlimited,) = await evidence(web, tmp_path, STATS, 1)
        assert "it has no memory limit" in unlimited["full"]["reason"]
        assert unlimited["bytes"]["value"] > 1024**2


async def test_lines_of_a_log_whatever_its_driver(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 2) as web:
        await web.add(3, app_image, more={"Tty": True})
        await web.add(4, app_image, host={"LogConfig": {"Type": "none"}})
        await web.add(5, app_image, host={"LogConfig": {"Type": "local"}})
        await web.answering()
        for number in (1, 1, 2, 3, 3, 4, 4, 5, 5):
            assert (await web.ask(web[number], f"/control/log?line=dying+of+password=hunter{number}"))[0] == 200

        async def all_there() -> Found:
            found = await evidence(web, tmp_path, logs(), 1, 2, 3, 4, 5)
            return found if [one["dying"].get("value") for one in found] == [2, 1, 2, None, 2] else []

        framed, once, terminal, nowhere, local = await eventually(all_there, within_seconds=15, every_seconds=0.5)
        assert [one["dying"]["outcome"] for one in (framed, once, terminal, local)] == [
            "breached",
            "ok",
            "breached",
            "breached",
        ]
        assert framed["dying"]["samples"] == ["dying of [redacted]"] * 2
        assert nowhere["dying"]["reason"] == "its log driver, none, keeps nothing that its engine can read"
        (quiet,) = await evidence(web, tmp_path, logs("nothing of the sort"), 2)
        assert (quiet["dying"]["value"], quiet["dying"]["outcome"]) == (0, "ok")
        (unsure,) = await evidence(web, tmp_path, logs("nothing of the sort", missing=Missing.UNKNOWN), 2)
        assert "missing: zero" in unsure["dying"]["reason"]


async def test_a_log_that_is_longer_than_can_be_read_only_counts_up(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 1) as web:
        python = (await engine.inspect(web[1].id))["Path"]
        lines = ("import time", "for n in range(7000): print('x' * 100, n)", "print('y' * 40_000, flush=True)")
        talk = "\n".join((*lines, "time.sleep(600)"))
        await web.add(2, app_image, more={"Entrypoint": [python, "-c", talk], "Cmd": []})

        async def said() -> bool:
            (found,) = await evidence(web, tmp_path, logs("yyy", 1), 2)
            return bool(found["dying"].get("value") == 1)

        await eventually(said, within_seconds=20, every_seconds=0.5)
        (found,) = await evidence(web, tmp_path, logs("yyy", 2), 2)
        assert "its log is longer than can be read: 1 of its newest" in found["dying"]["reason"]


async def test_each_container_is_asked_itself(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 5) as web:
        await web.healthy()
        await web.ask(web[2], "/control/fail")
        await web.ask(web[3], "/control/slow?seconds=0.8")
        await engine.signal(web[4].id, signal.SIGSTOP)
        await engine.signal(web[5].id, signal.SIGKILL)

        async def gone() -> bool:
            return bool((await engine.inspect(web[5].id))["State"]["Status"] == "exited")

        await eventually(gone)
        well, failing, slow, hanging, ended = await evidence(web, tmp_path, HTTP, 1, 2, 3, 4, 5)
        assert (well["silent"]["value"], well["silent"]["outcome"]) == ("200", "ok")
        assert 0 < well["slow"]["value"] < 400
        assert (failing["silent"]["value"], failing["silent"]["outcome"]) == ("failed: 500", "breached")
        assert (slow["silent"]["value"], slow["slow"]["outcome"]) == ("200", "breached")
        assert 800 <= slow["slow"]["value"] < 2000
        assert hanging["silent"]["value"] == "failed: timeout"
        assert hanging["slow"]["value"] == 2000, "it takes at least as long as was waited for"
        assert ended["silent"]["outcome"] == "unknown"


async def test_a_fleet_of_which_nobody_answers_is_not_condemned_by_silence(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 2) as web:
        await web.healthy()
        for number in (1, 2):
            await engine.signal(web[number].id, signal.SIGSTOP)
        for found in await evidence(web, tmp_path, HTTP, 1, 2):
            assert found["silent"]["outcome"] == "unknown"
            assert "not one of 2 instances answers" in found["silent"]["reason"]
