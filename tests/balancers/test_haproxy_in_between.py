"""What HAProxy may have done between a look and a command: forgotten a server, or taken up a connection again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.balancers.haproxy import Haproxy, HaproxyOptions
from controller.clients.haproxy import Haproxies
from controller.domain.errors import PlatformError, Transient
from controller.domain.ports import Server
from tests.balancers.gate import Gate
from tests.clients.fake_aws import VirtualClock
from tests.clients.fake_haproxy import FakeHaproxy, servers

NEW = "r-7f3a9c21d0"
MAINTAINED, READY = "0 1 3 0", "2 0 3 4"
SERVER = Server("id-new", NEW, "10.0.0.1", 80)
NO_SUCH_SERVER, CONNECTED = b"No such server.\n", b"Server still has connections attached to it, cannot remove it.\n"


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[FakeHaproxy]:
    async with FakeHaproxy(tmp_path / "admin.sock") as fake:
        yield fake


def balancer_of(fake: FakeHaproxy) -> Haproxy:
    options = HaproxyOptions.model_validate({"socket": str(fake.path), "backend": "edge"})
    return Haproxy(options, Haproxies(VirtualClock()).at(options.socket))


@pytest.mark.parametrize("answer", [NO_SUCH_SERVER, CONNECTED, b"due to other configuration elements\n"])
async def test_what_cannot_be_deleted_now_is_forgotten_all_the_same(fake: FakeHaproxy, answer: bytes) -> None:
    look = servers((NEW, MAINTAINED))
    fake.answers = [look, look, answer]
    await balancer_of(fake).forget("edge", SERVER, Gate())
    assert fake.asked[-1] == f"del server edge/{NEW}"


@pytest.mark.parametrize(("answer", "kind"), [(b"Permission denied\n", PlatformError), (b"", Transient)])
async def test_a_refusal_to_delete_is_told(fake: FakeHaproxy, answer: bytes, kind: type[PlatformError]) -> None:
    look = servers((NEW, MAINTAINED))
    fake.answers = [look, look, answer]
    with pytest.raises(kind):
        await balancer_of(fake).forget("edge", SERVER, Gate())


async def test_what_still_has_connections_is_not_even_asked_to_go(fake: FakeHaproxy) -> None:
    look = servers((NEW, MAINTAINED), stats=[f"edge,{NEW},0,0,MAINT,,,,2,3,1,0,\n"])
    fake.answers = [look]
    await balancer_of(fake).forget("edge", SERVER, Gate())
    assert not any(command.startswith("del") for command in fake.asked)


async def test_one_that_a_reload_took_does_not_keep_the_others_wrong(fake: FakeHaproxy) -> None:
    fleet = (SERVER, Server("id-2", "web-2", "10.0.0.2", 80))
    fake.answers = [servers((NEW, MAINTAINED), ("web-2", MAINTAINED)), NO_SUCH_SERVER, b"\n"]
    said = await balancer_of(fake).reconcile("edge", fleet, Gate())
    assert said[0].startswith(f"{NEW} cannot be put right: haproxy.EnableHealth: No such server.")
    assert said[1].startswith("web-2: taken out of maintenance")


async def test_where_haproxy_does_not_answer_nothing_more_is_tried(fake: FakeHaproxy) -> None:
    fleet = (SERVER, Server("id-2", "web-2", "10.0.0.2", 80))
    fake.answers = [servers((NEW, MAINTAINED), ("web-2", MAINTAINED)), b""]
    with pytest.raises(Transient):
        await balancer_of(fake).reconcile("edge", fleet, Gate())
    assert len(fake.asked) == 2


async def test_a_server_that_was_added_meanwhile_is_found_by_the_next_look(fake: FakeHaproxy) -> None:
    elsewhere = Server("id-new", NEW, "10.0.0.9", 80)
    fake.answers = [servers(("web-1", READY)), b"Already exists a server with the same name in backend.\n\n"]
    with pytest.raises(Transient, match="it was not there a moment ago"):
        await balancer_of(fake).register("edge", elsewhere, Gate())
    assert [command.split()[0] for command in fake.asked] == ["show", "add"]
