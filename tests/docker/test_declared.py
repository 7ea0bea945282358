"""A second container, made from what was declared of the first, is the same to the engine, whatever was asked for."""

import asyncio
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from controller.platforms.docker.declared import Wishes, declared
from tests.support.docker_engine import Api
from tests.support.docker_images import REPOSITORY, Image, Recipe, build, remove

MARK = uuid4().hex[:6]
LABELS = {"repave.test": MARK}
FRONT, BACK = f"front-{MARK}", f"back-{MARK}"

CONFIG: list[dict[str, Any]] = [
    {"Env": ["MODE=slow", "KEY=1"]},
    {"Cmd": ["python", "-V"]},
    {"Entrypoint": [""], "Cmd": ["serve"]},
    {"Entrypoint": ["/bin/true"], "Cmd": ["serve"]},
    {"WorkingDir": "/srv"},
    {"User": "7:8"},
    {"StopSignal": "SIGUSR1"},
    {"StopTimeout": 4},
    {"Healthcheck": {"Test": ["NONE"]}},
    {"Healthcheck": {"Interval": 7_000_000_000}},
    {"Hostname": "web", "Domainname": "example.org"},
    {"ExposedPorts": {"81/tcp": {}, "82/udp": {}}},
    {"Volumes": {"/anonymous": {}}},
    {"Tty": True, "OpenStdin": True},
    {"Labels": {**LABELS, "com.docker.compose.project": "p", "team": "b"}},
]
HOST: list[dict[str, Any]] = [
    {"Memory": 64 << 20, "MemoryReservation": 32 << 20, "PidsLimit": 40, "NanoCpus": 500_000_000},
    {"CpuShares": 100, "CpusetCpus": "0", "BlkioWeight": 0},
    {"Ulimits": [{"Name": "nofile", "Soft": 100, "Hard": 200}]},
    {"Binds": ["/etc:/mnt/etc:ro", f"volume-{MARK}:/data"]},
    {"Mounts": [{"Type": "tmpfs", "Target": "/scratch", "TmpfsOptions": {"SizeBytes": 1 << 20}}]},
    {"Mounts": [{"Type": "bind", "Source": "/etc", "Target": "/etc2", "ReadOnly": True}]},
    {"Tmpfs": {"/run": "size=1m"}},
    {"CapAdd": ["NET_ADMIN"], "CapDrop": ["MKNOD"]},
    {"SecurityOpt": ["no-new-privileges"], "ReadonlyRootfs": True},
    {"SecurityOpt": ["seccomp=unconfined"], "MaskedPaths": [], "ReadonlyPaths": []},
    {"Sysctls": {"net.core.somaxconn": "99"}},
    {"Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "rw"}]},
    {"Dns": ["1.1.1.1"], "DnsSearch": ["example.org"], "ExtraHosts": ["a:1.2.3.4"]},
    {"Init": True},
    {"ShmSize": 1 << 20},
    {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}},
    {"LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}},
    {"LogConfig": {"Type": "none", "Config": {}}},
    {"GroupAdd": ["7"], "CgroupParent": f"/repave-{MARK}"},
    {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "21000-21099"}]}},
    {"PublishAllPorts": True},
    {"Privileged": True},
    {"IpcMode": "shareable", "PidMode": "host", "OomScoreAdj": 100},
]
NETWORKS: list[tuple[str, dict[str, Any]]] = [
    ("default", {}),
    ("none", {}),
    (FRONT, {}),
    (FRONT, {"Aliases": ["web", "api"]}),
    (FRONT, {"DriverOpts": {"com.example": "x"}}),
]


@dataclass(frozen=True)
class Rich(Recipe):
    """An image that says everything that an image can say."""

    def dockerfile(self, base: str) -> str:
        said = (
            'ENTRYPOINT ["/init"]\nCMD ["serve"]\nVOLUME /kept\nWORKDIR /app\nUSER 5\nSTOPSIGNAL SIGQUIT\nEXPOSE 8080\n'
        )
        return super().dockerfile(base) + said


@pytest.fixture(scope="module")
def rich(engine: Api) -> Iterator[Image]:
    """That image, two networks, and nothing left of either in the end."""
    yield asyncio.run(prepare(engine))
    asyncio.run(clear(engine))


async def prepare(engine: Api) -> Image:
    for name in (FRONT, BACK):
        await engine.call("POST", "/networks/create", {"Name": name, "Labels": LABELS, "CheckDuplicate": True})
    return await build(engine, f"rich-{MARK}", Rich(labels={"team": "a"}, environment={"MODE": "slow"}))


async def clear(engine: Api) -> None:
    await engine.clear(f"repave.test={MARK}")
    volumes = await engine.call("GET", "/volumes", filters={"name": [f"volume-{MARK}"]})
    for volume in volumes["Volumes"] or ():
        await engine.call("DELETE", f"/volumes/{volume['Name']}")
    await remove(engine, f"{REPOSITORY}:rich-{MARK}")


def choice(seed: int) -> tuple[dict[str, Any], bool]:
    """Some of the options together, and whether it joins a second network."""
    dice = random.Random(seed)
    config: dict[str, Any] = {"Labels": LABELS}
    host: dict[str, Any] = {}
    for options, into in ((CONFIG, config), (HOST, host)):
        for one in dice.sample(options, dice.randint(0, 5)):
            into.update(one)
    network, endpoint = dice.choice(NETWORKS)
    host["NetworkMode"] = network
    if network == "none":
        host.pop("PortBindings", None)
        host.pop("PublishAllPorts", None)
    config["HostConfig"] = host
    if endpoint or dice.random() < 0.5:
        config["NetworkingConfig"] = {"EndpointsConfig": {network: endpoint}} if network == FRONT else {}
    return config, network == FRONT and dice.random() < 0.5


def compared(inspected: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be the same of two containers: all that is not one's own."""
    config, host = dict(inspected["Config"]), dict(inspected["HostConfig"])
    config["Env"] = sorted(config["Env"] or ())
    config["Labels"] = {key: value for key, value in config["Labels"].items() if not key.startswith("repave.r")}
    if config["Hostname"] == inspected["Id"][:12]:
        config["Hostname"] = "its own"
    for name in ("AttachStdout", "AttachStderr", "AttachStdin", "OnBuild"):  # of whoever created it
        config.pop(name, None)
    mounts = [
        {key: value for key, value in one.items() if key != "Source" and (key != "Name" or len(value) < 64)}
        for one in inspected["Mounts"]
    ]
    joined = {
        name: {key: one[key] or None for key in ("IPAMConfig", "Links", "DriverOpts")}
        for name, one in inspected["NetworkSettings"]["Networks"].items()
    }
    return {
        "config": config,
        "host": {name: value or None for name, value in host.items()},
        "mounts": sorted(mounts, key=json.dumps),
        "networks": joined,
        "image": inspected["Image"],
    }


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where two inspects do not say the same: the two values, by part and field."""
    parts = [(part, dict(a), dict(b)) for part, a, b in pairs(compared(one), compared(other)) if isinstance(a, dict)]
    found = {f"{part}.{key}": (a.get(key), b.get(key)) for part, a, b in parts for key in {*a, *b}}
    found |= {part: (a, b) for part, a, b in pairs(compared(one), compared(other)) if not isinstance(a, dict)}
    return {key: values for key, values in found.items() if values[0] != values[1]}


def pairs(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(key, one[key], other[key]) for key in one]


@pytest.mark.parametrize("seed", range(30))
async def test_the_second_is_the_same(engine: Api, rich: Image, seed: int) -> None:
    asked, further = choice(seed)
    name = f"declared-{MARK}-{seed}"
    first = (await engine.call("POST", "/containers/create", {"Image": rich.reference, **asked}, name=name))["Id"]
    if further:
        await engine.call("POST", f"/networks/{BACK}/connect", {"Container": first})
    was = await engine.inspect(first)
    image = await engine.call("GET", f"/images/{was['Image']}/json")
    found = declared(was, image, Wishes({"repave.replacement": "r-1"}))
    second = (await engine.call("POST", "/containers/create", found.body, name=f"{name}-again"))["Id"]
    for network, endpoint in found.further.items():
        await engine.call("POST", f"/networks/{network}/connect", {"Container": second, "EndpointConfig": endpoint})
    now = await engine.inspect(second)
    assert differences(was, now) == {}
    aliases = (now["NetworkSettings"]["Networks"].get(FRONT) or {}).get("Aliases") or []
    assert aliases in ([], [second[:12]]), "nobody may be sent here yet"


async def test_a_running_one_is_made_again_beside_itself(engine: Api, rich: Image) -> None:
    """What the engine hands out while it runs (addresses, ports, volumes of no name) is not taken for declared."""
    asked = {
        "Image": rich.reference,
        "Labels": LABELS,
        "Entrypoint": ["sleep"],
        "Cmd": ["60"],
        "User": "0",
        "HostConfig": {
            "NetworkMode": FRONT,
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "21100-21199"}]},
        },
        "NetworkingConfig": {"EndpointsConfig": {FRONT: {"Aliases": ["web"]}}},
    }
    asked |= {"Entrypoint": None, "Cmd": None} | await runnable(engine, rich)
    first = (await engine.call("POST", "/containers/create", asked, name=f"running-{MARK}"))["Id"]
    await engine.call("POST", f"/containers/{first}/start")
    was = await engine.inspect(first)
    image = await engine.call("GET", f"/images/{was['Image']}/json")
    found = declared(was, image)
    second = (await engine.call("POST", "/containers/create", found.body, name=f"running-{MARK}-again"))["Id"]
    await engine.call("POST", f"/containers/{second}/start")
    now = await engine.inspect(second)
    assert differences(was, now) == {}
    both = [one["NetworkSettings"] for one in (was, now)]
    assert both[0]["Networks"][FRONT]["IPAddress"] != both[1]["Networks"][FRONT]["IPAddress"]
    assert both[0]["Ports"]["80/tcp"] != both[1]["Ports"]["80/tcp"]
    assert [one["Name"] for one in was["Mounts"]] != [one["Name"] for one in now["Mounts"]]


async def runnable(engine: Api, image: Image) -> dict[str, Any]:
    """The command of the app, which the image's own entrypoint hides."""
    known = await engine.call("GET", f"/images/{image.id}/history")
    base = next(tag for layer in known for tag in layer["Tags"] or () if ":base-" in tag)
    config = (await engine.call("GET", f"/images/{base}/json"))["Config"]
    return {"Entrypoint": config["Cmd"], "Cmd": None}
