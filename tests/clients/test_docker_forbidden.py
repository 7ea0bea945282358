"""Law 1 at the engine's socket: what is on neither list, or would mend, never leaves the process, whoever asks."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiodocker import Docker
from yarl import URL

from controller.clients.docker import Engine
from controller.clients.docker_calls import MUTATIONS, READS, refuse_unlisted
from controller.clients.docker_guard import GUARDED
from controller.domain.errors import ForbiddenCall, Gone, Permanent, Transient
from tests.clients.raw_engine import RawEngine, Says, container, refuses

ONE = "/containers/web-1"
MENDING = {
    "ContainerExec": ("POST", f"{ONE}/exec"),
    "ExecStart": ("POST", "/exec/0123/start"),
    "ExecResize": ("POST", "/exec/0123/resize"),
    "ContainerRestart": ("POST", f"{ONE}/restart"),
    "ContainerUpdate": ("POST", f"{ONE}/update"),
    "ContainerPause": ("POST", f"{ONE}/pause"),
    "ContainerUnpause": ("POST", f"{ONE}/unpause"),
    "ContainerKill": ("POST", f"{ONE}/kill"),
    "PutContainerArchive": ("PUT", f"{ONE}/archive"),
    "ContainerArchive": ("GET", f"{ONE}/archive"),
    "ContainerExport": ("GET", f"{ONE}/export"),
    "ContainerAttach": ("POST", f"{ONE}/attach"),
    "ContainerAttachWebsocket": ("GET", f"{ONE}/attach/ws"),
    "ContainerResize": ("POST", f"{ONE}/resize"),
    "ContainerPrune": ("POST", "/containers/prune"),
    "ImageCommit": ("POST", "/commit"),
    "ImageBuild": ("POST", "/build"),
    "ImageDelete": ("DELETE", "/images/web:1"),
    "ImageTag": ("POST", "/images/web:1/tag"),
    "ImagePush": ("POST", "/images/web:1/push"),
    "ImagePrune": ("POST", "/images/prune"),
    "NetworkCreate": ("POST", "/networks/create"),
    "NetworkDelete": ("DELETE", "/networks/web"),
    "NetworkPrune": ("POST", "/networks/prune"),
    "VolumeCreate": ("POST", "/volumes/create"),
    "VolumeDelete": ("DELETE", "/volumes/web"),
    "VolumePrune": ("POST", "/volumes/prune"),
    "ServiceUpdate": ("POST", "/services/web/update"),
    "SwarmLeave": ("POST", "/swarm/leave"),
    "PluginEnable": ("POST", "/plugins/x/enable"),
    "SecretList": ("GET", "/secrets"),
}

TRICKS = [
    ("ContainerStop", f"{ONE}/../web-1/exec"),
    ("ContainerStop", f"{ONE}/exec"),
    ("ContainerStop", f"{ONE}/stop/../exec"),
    ("ContainerStop", "/containers/web-1%2F..%2Fweb-1/stop"),
    ("ContainerStop", "/containers/web-1%2fexec?x=/stop"),
    ("ContainerStop", "/containers/../exec/stop"),
    ("ContainerStop", "/containers/%2e%2e/stop"),
    ("ContainerStop", "/containers/./stop"),
    ("ContainerStop", f"/{ONE}/stop"),
    ("ContainerStop", f"{ONE}//stop"),
    ("ContainerStop", f"{ONE}/stop/"),
    ("ContainerStop", f"{ONE}/stop?signal=9"),
    ("ContainerStop", f"{ONE}/stop#x"),
    ("ContainerStop", f"{ONE}/stop\n"),
    ("ContainerStop", f"{ONE}/exec\r\n/containers/a/stop"),
    ("ContainerStop", "/v1.41/containers/web-1/stop"),
    ("ContainerStop", "http://elsewhere/containers/web-1/stop"),
    ("ContainerStop", "/containers/wéb-1/stop"),
    ("ContainerStop", "/containers/web-1\x00/stop"),
    ("ContainerStop", ""),
]


@pytest.mark.parametrize("operation", MENDING)
async def test_a_mending_call_never_leaves_the_process(fake: RawEngine, engine: Engine, operation: str) -> None:
    method, path = MENDING[operation]
    for name in (operation, *MUTATIONS):
        with pytest.raises(ForbiddenCall, match=name):
            await engine.mutate(name, path, method=method)
    for name in (operation, *(name for name in READS if method == "GET")):
        with pytest.raises(ForbiddenCall, match=name):
            await engine.read(name, path)
        with pytest.raises(ForbiddenCall, match=name):
            await engine.read_bytes(name, path)
    link = await engine._transport.connected()
    with pytest.raises(ForbiddenCall, match=re.escape(path)):
        await engine._transport.send(None, method, path, {}, None, 99)  # type: ignore[arg-type]
    for session in (link.session, link.single):
        with pytest.raises(ForbiddenCall):
            await session.request(method, link.url_of(path))
    assert fake.calls() == []


OWN: dict[str, Callable[[Docker], Awaitable[Any]]] = {
    "restart": lambda docker: docker.containers.container("web-1").restart(),
    "kill": lambda docker: docker.containers.container("web-1").kill(),
    "pause": lambda docker: docker.containers.container("web-1").pause(),
    "commit": lambda docker: docker.containers.container("web-1").commit(),
    "exec": lambda docker: docker.containers.container("web-1").exec("sh"),
    "archive": lambda docker: docker.containers.container("web-1").put_archive("/", b""),  # type: ignore[no-untyped-call]
    "websocket": lambda docker: docker.containers.container("web-1").websocket(stdin=True),
    "force": lambda docker: docker.containers.container("web-1").delete(force=True),
    "volumes": lambda docker: docker.containers.container("web-1").delete(v=True),
    "prune": lambda docker: docker.images.prune(),
    "build": lambda docker: docker.images.build(remote="http://elsewhere/", tag="x"),
    "swarm": lambda docker: docker.swarm.init(),
}


@pytest.mark.parametrize("name", OWN)
async def test_neither_does_one_that_the_library_could_make_by_itself(
    fake: RawEngine, engine: Engine, name: str
) -> None:
    docker = await engine._transport.connected()
    with pytest.raises(ForbiddenCall):
        await OWN[name](docker)
    assert fake.calls() == []


@pytest.mark.parametrize(("operation", "path"), TRICKS)
async def test_a_path_that_is_written_oddly_is_on_no_list(
    fake: RawEngine, engine: Engine, operation: str, path: str
) -> None:
    with pytest.raises(ForbiddenCall):
        await engine.mutate(operation, path)
    with pytest.raises(ForbiddenCall):
        await engine.read("ContainerInspect", path.replace("/stop", "/json"))
    with pytest.raises(ForbiddenCall):
        await engine.read("ImageInspect", path.replace("containers", "images"))
    assert fake.requests == []


@pytest.mark.parametrize(
    "path",
    ["/images/../containers/json", "/images/a/../../containers/web-1/json", "/images/%2e%2e/json", "/images//json"],
)
async def test_an_image_has_no_way_out_of_the_images(fake: RawEngine, engine: Engine, path: str) -> None:
    with pytest.raises(ForbiddenCall):
        await engine.read("ImageInspect", path)
    assert fake.requests == []


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "/v1.41/containers/web-1%2Fexec"),
        ("POST", "/v1.41/containers/web-1/%73top"),
        ("POST", "/v1.41/containers/web-1%2F..%2Fx/stop"),
        ("POST", "/v1.41/v1.41/containers/web-1/stop"),
        ("POST", "/v1.41/images/create?fromSrc=http://elsewhere/image.tar"),
        ("POST", "/v1.41/containers/web-1/start?detachKeys=x"),
        ("DELETE", "/v1.41/containers/web-1?force=true"),
        ("DELETE", "/v1.41/containers/web-1?v=true"),
        ("DELETE", "/v1.41/containers/web-1?t=1&force=1"),
        ("GET", "/v1.41/containers/web-1/attach/ws"),
        ("HEAD", "/v1.41/containers/json"),
        ("post", "/v1.41/containers/web-1/stop"),
        ("CONNECT", "/v1.41/containers/json"),
    ],
)
def test_the_last_line_of_defence_looks_at_what_goes_out(method: str, url: str) -> None:
    with pytest.raises(ForbiddenCall, match="neither the list of reads nor the list of mutations"):
        refuse_unlisted(method, URL(f"unix://localhost{url}", encoded=True))


@pytest.mark.parametrize(
    ("operation", "query"),
    [
        ("ContainerDelete", {"force": True}),
        ("ContainerDelete", {"v": True}),
        ("ContainerStart", {"checkpoint": "x"}),
        ("ContainerStop", {"x": "y"}),
    ],
)
async def test_a_mutation_has_no_parameters_but_those_on_the_list(
    fake: RawEngine, engine: Engine, operation: str, query: dict[str, Any]
) -> None:
    listed = MUTATIONS[operation]
    path = listed.path.partition("{")[0].replace("/[A-Za-z0-9][A-Za-z0-9_.-]*", "/web-1")
    with pytest.raises(ForbiddenCall, match=next(iter(query))):
        await engine.mutate(operation, path, method=listed.method, **query)
    assert fake.requests == []


async def test_a_mutation_is_not_made_by_reading_nor_a_read_by_mutating(fake: RawEngine, engine: Engine) -> None:
    with pytest.raises(ForbiddenCall, match="list of reads"):
        await engine.read("ContainerStop", f"{ONE}/stop")
    with pytest.raises(ForbiddenCall, match="list of mutations"):
        await engine.mutate("ContainerList", "/containers/json", method="GET")
    for odd in ("containerstop", ""):
        with pytest.raises(ForbiddenCall):
            await engine.mutate(odd, f"{ONE}/stop")
    assert fake.requests == []


async def test_a_flag_that_is_not_set_is_not_sent(fake: RawEngine, engine: Engine) -> None:
    await engine.mutate("ContainerDelete", ONE, method="DELETE", v=False, force=False)
    assert fake.requests[-1].target == f"/v1.41{ONE}"


async def test_a_redirection_is_not_followed(fake: RawEngine, engine: Engine) -> None:
    fake.says(Says(b"", 307, headers={"Location": "/v1.41/containers/web-1/exec"}))
    with pytest.raises(Permanent):
        await engine.mutate("ContainerStop", f"{ONE}/stop")
    assert fake.calls() == [f"POST {ONE}/stop"]


OURS = {"repave.replacement": "r-1"}


def guarded(operation: str, name: str) -> tuple[str, dict[str, Any]]:
    """Where the call goes, and what else it says."""
    match operation:
        case "ContainerStart":
            return f"/containers/{name}/start", {}
        case "ContainerRename":
            return f"/containers/{name}/rename", {"name": "web-9"}
        case "NetworkConnect":
            return "/networks/front/connect", {"body": {"Container": name}}
        case _:
            return "/networks/front/disconnect", {"body": {"Container": name, "Force": True}}


async def attempt(engine: Engine, operation: str, name: str) -> None:
    path, rest = guarded(operation, name)
    await engine.mutate(operation, path, **rest)


@pytest.mark.parametrize("operation", sorted(GUARDED))
@pytest.mark.parametrize("status", ["running", "paused", "restarting"])
@pytest.mark.parametrize("labels", [{}, {"repave.replacement": ""}, {"repave.replacement": "r-1"}])
async def test_a_container_that_serves_is_not_renamed_rewired_or_started(
    fake: RawEngine, engine: Engine, operation: str, status: str, labels: dict[str, str]
) -> None:
    """Also when it was once made by Repave: it is `web-1` now, and no successor any more."""
    fake.containers["web-1"] = container("web-1", status, **labels)
    with pytest.raises(Permanent, match="refused, nothing was sent") as caught:
        await attempt(engine, operation, "web-1")
    assert (caught.value.code, caught.value.perhaps) == ("mending", False)
    assert fake.calls() == [f"GET {ONE}/json"]


@pytest.mark.parametrize("operation", sorted(GUARDED))
async def test_our_own_successor_may_be(fake: RawEngine, engine: Engine, operation: str) -> None:
    for status in ("running", "created"):
        fake.requests.clear()
        fake.containers["r-1"] = container("r-1", status, **OURS)
        await attempt(engine, operation, "r-1")
        assert fake.calls() == ["GET /containers/r-1/json", f"POST {guarded(operation, 'r-1')[0]}"]


@pytest.mark.parametrize("operation", sorted(GUARDED - {"ContainerStart"}))
@pytest.mark.parametrize("status", ["exited", "created", "dead"])
async def test_what_has_stopped_may_be_renamed_and_taken_off_its_networks(
    fake: RawEngine, engine: Engine, operation: str, status: str
) -> None:
    fake.containers["web-1"] = container("web-1", status)
    await attempt(engine, operation, "web-1")
    assert len(fake.calls()) == 2


@pytest.mark.parametrize("status", ["exited", "dead", "paused", "restarting", "removing"])
async def test_a_container_is_started_once(fake: RawEngine, engine: Engine, status: str) -> None:
    fake.containers["r-1"] = container("r-1", status, **OURS)
    with pytest.raises(Permanent, match="a container is started once"):
        await attempt(engine, "ContainerStart", "r-1")
    assert fake.calls() == ["GET /containers/r-1/json"]


async def test_a_stopped_predecessor_is_not_started_again(fake: RawEngine, engine: Engine) -> None:
    for status in ("exited", "created"):
        fake.containers["web-1"] = container("web-1", status)
        with pytest.raises(Permanent, match="a repair in place"):
            await attempt(engine, "ContainerStart", "web-1")


@pytest.mark.parametrize("operation", sorted(GUARDED))
async def test_where_the_container_cannot_be_looked_at_nothing_is_done(
    fake: RawEngine, engine: Engine, operation: str
) -> None:
    for answer, kind in ((refuses(404, "No such container"), Gone), (refuses(500, "no"), Transient)):
        fake.says(answer)
        with pytest.raises(kind) as caught:
            await attempt(engine, operation, "r-1")
        assert not caught.value.perhaps
    fake.containers["r-1"] = {}
    with pytest.raises(Permanent):
        await attempt(engine, operation, "r-1")
    assert {call.partition(" ")[0] for call in fake.calls()} == {"GET"}


async def test_a_network_call_without_a_container_is_none(fake: RawEngine, engine: Engine) -> None:
    for body in (None, {}, {"Container": ""}, {"Container": "../x"}, {"Container": None}):
        with pytest.raises(ForbiddenCall):
            await engine.mutate("NetworkConnect", "/networks/front/connect", body=body)
    assert not any("connect" in call for call in fake.calls())


def test_the_lists_keep_reading_and_changing_apart() -> None:
    assert {call.method for call in READS.values()} == {"GET"}
    assert "GET" not in {call.method for call in MUTATIONS.values()}
    assert not READS.keys() & MUTATIONS.keys()
    assert MUTATIONS.keys() >= GUARDED
