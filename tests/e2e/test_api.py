"""The API of a real daemon: who has a token stops it from elsewhere, and a token that was replaced opens nothing."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from controller.app.remote import RemoteDesk
from controller.domain.lifecycle import Outcome, Phase
from tests.e2e.harness.contract import judged
from tests.e2e.harness.daemon import REPAVE, Daemon
from tests.e2e.harness.stage import Stage
from tests.e2e.harness.stories import REPLACED
from tests.support.eventually import eventually
from tests.support.load_balancer import ARN, CLIENT_ID, ISSUER, LoadBalancer, key_server

pytestmark = pytest.mark.asyncio(loop_scope="package")

FIRST, SECOND = "first-0123456789abcdef", "second-0123456789abcdef"


async def repave(daemon: Daemon, token: str, *arguments: str) -> tuple[int, str]:
    """A command on another machine: it knows the daemon's address and a token, and nothing else."""
    base = {name: value for name, value in os.environ.items() if not name.startswith(("REPAVE_", "AWS_"))}
    child = await asyncio.create_subprocess_exec(
        *(*REPAVE, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**base, "REPAVE_URL": await daemon.url(), "REPAVE_TOKEN": token},
    )
    output, _ = await child.communicate()
    return child.returncode or 0, output.decode()


async def read(daemon: Daemon, token: str, path: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{await daemon.url()}/api/v1{path}"
    async with ClientSession(headers=headers) as session, session.get(url) as response:
        return response.status, await response.json(content_type=None)


async def test_a_hold_from_elsewhere_is_obeyed_and_a_token_is_replaced_by_sighup(world: Stage, tmp_path: Path) -> None:
    secret = tmp_path / "alice"
    secret.write_text(FIRST + "\n")
    tokens = {"tokens": [{"name": "alice", "token": {"file": str(secret)}, "may": "operate"}]}
    scene = world.scene(REPLACED.name, top={"api": tokens})
    fleet = scene.group.name
    async with scene.daemon(until_settled=False) as daemon:
        async with scene.held(daemon, "SetInstanceProtection", moment="before") as request:
            # As `repave hold` says it, but in this process: a command takes longer to start than a call may wait.
            desk = RemoteDesk(await daemon.url(), FIRST)
            assert (await desk.hold(fleet, "1h", "lunch", "ann"))["reason"] == "lunch"
            await request.release()
        await daemon.ticks(2)
        made = [item.action for item in scene.mutations()]
        assert made == ["SetDesiredCapacity", "SetInstanceProtection"], "nothing is changed after the hold"
        told_by = await daemon.says(event="changed over HTTP", operation="hold")
        assert told_by["user.name"] == "alice"

        secret.write_text(SECOND)
        daemon.signal(signal.SIGHUP)

        async def opened() -> bool:
            return (await read(daemon, SECOND, "/fleets"))[0] == 200

        await eventually(opened, within_seconds=30)
        assert (await read(daemon, FIRST, "/fleets"))[0] == 401
        code, told = await repave(daemon, FIRST, "resume", fleet)
        assert (code, "does not take REPAVE_TOKEN" in told) == (1, True), told
        code, told = await repave(daemon, SECOND, "resume", fleet)
        assert (code, told) == (0, f"{fleet}: 1 hold or breaker ended\n")
        replacement = await daemon.reaches(Phase.CLOSED, fleet)
        _, drawn = await repave(daemon, SECOND, "trace", replacement)
        assert f"replace {fleet}" in drawn
        assert await daemon.stopped() == 0
        log = daemon.log.read_text(encoding="utf-8")
        assert FIRST not in log
        assert SECOND not in log
    (done,) = await scene.replacements()
    assert done.outcome is Outcome.REPLACED
    assert await judged(scene, REPLACED) == []


async def test_whoever_signed_in_at_the_load_balancer_is_known_by_name(world: Stage) -> None:
    signer = LoadBalancer()
    async with key_server() as keys:
        keys.publish(signer)
        trusted = {"load_balancer": ARN, "issuer": ISSUER, "client_id": CLIENT_ID, "keys_url": keys.url}
        scene = world.scene(REPLACED.name, top={"api": {"oidc": {**trusted, "may": "operate"}}})
        async with scene.daemon(until_settled=False) as daemon:
            url = f"{await daemon.url()}/api/v1"
            headers = {"x-amzn-oidc-data": signer.word(time.time() + 120), "Sec-Fetch-Site": "same-origin"}
            body = {"target": scene.group.name, "reason": "lunch"}
            async with ClientSession() as session:
                async with session.get(f"{url}/fleets") as response:
                    assert response.status == 401
                async with session.post(f"{url}/holds", json=body, headers=headers) as response:
                    assert (response.status, (await response.json())["by"]) == (201, "alice@example.org")
            told_by = await daemon.says(event="changed over HTTP", operation="hold")
            assert told_by["user.name"] == "alice@example.org"
            assert headers["x-amzn-oidc-data"] not in str(daemon.lines())
        assert keys.asked == [f"/elb/{signer.key_id}"]
