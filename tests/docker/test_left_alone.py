"""Whom Repave leaves alone on a real engine, from the configuration to the plan, and what would be without its rule."""

from pathlib import Path
from typing import Any

import pytest

from tests.docker.looking import looked, vetoes
from tests.support.docker_engine import Api
from tests.support.docker_fleet import fleet
from tests.support.docker_images import Image

AGED = "max_age: 0.001s"


def bound(port: str) -> dict[str, Any]:
    return {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}}


async def test_exclusive(engine: Api, app_image: Image, tmp_path: Path) -> None:
    """The story of the veto `exclusive`, which the embedded AWS cannot tell: see tests/scenarios/test_complete.py."""
    async with fleet(engine, app_image, 0) as web:
        await web.add(1, app_image, host=bound("28573"))
        await web.add(2, app_image, host={"AutoRemove": True})
        await web.add(3, app_image, host=bound("0"))
        seen = await looked(engine, tmp_path, web.label, AGED)
        found = {name: vetoes(one) for name, one in seen.items()}
        reason = (
            f"{web.name(1)} publishes the fixed port 28573->80/tcp; `ports: LOW-HIGH` lets its successor take another"
        )
        assert found[web.name(1)]["exclusive"] == reason
        assert found[web.name(2)]["exclusive"] == f"{web.name(2)} is removed as soon as it stops (--rm)"
        assert "exclusive" not in found[web.name(3)]
        assert [name for name, one in seen.items() if one["decision"] == "replace"] == [web.name(3)]
        without = await looked(engine, tmp_path, web.label, AGED, without={"exclusive"})
        assert not any("exclusive" in vetoes(one) for one in without.values())
        assert [one["decision"] for one in without.values()].count("replace") == 1
        freed = await looked(engine, tmp_path, web.label, AGED, docker=", ports: 28573-28599")
        assert [name for name, one in freed.items() if "exclusive" in vetoes(one)] == [web.name(2)]


async def test_a_fixed_address_and_a_lent_network_are_exclusive(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 1) as web:
        body = {"Image": app_image.reference, "HostConfig": {"NetworkMode": f"container:{web.name(1)}"}}
        made = await engine.call(
            "POST", "/containers/create", {**body, "Labels": {"guest": web.mark}}, name=f"guest-{web.mark}"
        )
        try:
            seen = await looked(engine, tmp_path, web.label, AGED)
            assert vetoes(seen[web.name(1)]) == {
                "exclusive": f"{web.name(1)} lends its network to guest-{web.mark}",
            }
        finally:
            await engine.call("DELETE", f"/containers/{made['Id']}", force=True)


@pytest.mark.parametrize("kind", ["named", "anonymous", "directory"])
async def test_what_writes_to_its_host_is_stateful(engine: Api, app_image: Image, tmp_path: Path, kind: str) -> None:
    async with fleet(engine, app_image, 0) as web:
        name = f"kept-{web.mark}"
        ways: dict[str, dict[str, Any]] = {
            "named": {"host": {"Binds": [f"{name}:/data"]}},
            "anonymous": {"more": {"Volumes": {"/data": {}}}},
            "directory": {"host": {"Binds": [f"{tmp_path}:/data"]}},
        }
        await web.add(1, app_image, **ways[kind])
        try:
            (seen,) = (await looked(engine, tmp_path, web.label, AGED)).values()
            words = {
                "named": f"volume {name}",
                "anonymous": "an anonymous volume",
                "directory": f"{tmp_path} of the host",
            }
            assert vetoes(seen)["stateful"].startswith(f"{web.name(1)} writes to {words[kind]}")
            (shared,) = (await looked(engine, tmp_path, web.label, AGED, docker=", volumes: shared")).values()
            assert shared["decision"] == "replace"
        finally:
            await engine.clear(web.label)
            if kind == "named":
                await engine.call("DELETE", f"/volumes/{name}")


async def test_what_is_read_only_or_in_memory_is_not(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 0) as web:
        host = {"Binds": [f"{tmp_path}:/conf:ro", "/var/run/docker.sock:/s.sock"], "Tmpfs": {"/fast": ""}}
        await web.add(1, app_image, host=host)
        (seen,) = (await looked(engine, tmp_path, web.label, AGED)).values()
        assert (seen["decision"], seen["vetoes"]) == ("replace", [])


async def test_a_volume_holds_one_container_and_none_that_is_named_alike(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 2) as web:
        volume = f"repave-hold-{web.name(1)}"
        await engine.call("POST", "/volumes/create", {"Name": volume})
        try:
            seen = await looked(engine, tmp_path, web.label, AGED)
            assert vetoes(seen[web.name(1)])["held"].startswith(f"there is a volume {volume}: ")
            assert seen[web.name(2)]["decision"] == "replace"
        finally:
            await engine.call("DELETE", f"/volumes/{volume}")
        seen = await looked(engine, tmp_path, web.label, AGED)
        assert "held" not in vetoes(seen[web.name(1)])


async def test_a_paused_container_is_protected(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 1) as web:
        await engine.call("POST", f"/containers/{web[1].id}/pause")
        (seen,) = (await looked(engine, tmp_path, web.label, AGED)).values()
        assert (seen["state"], vetoes(seen)) == ("standby", {"protected": f"{web.name(1)} was paused"})
        await engine.call("POST", f"/containers/{web[1].id}/unpause")
