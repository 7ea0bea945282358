"""The runtime API's client: listed commands alone, bounded answers, and errors that are plain text."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.clients.haproxy import Haproxies, RuntimeApi, RuntimeBounds
from controller.clients.haproxy_calls import MUTATIONS, READS, refuse_unlisted
from controller.domain.errors import Denied, ForbiddenCall, Gone, Permanent, PlatformError, Transient
from tests.clients.fake_aws import VirtualClock
from tests.clients.fake_haproxy import FakeHaproxy, servers

READY, DRAINING, MAINTAINED, DOWN = "2 0 3 4", "2 8 3 4", "0 1 3 0", "0 0 2 0"


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[FakeHaproxy]:
    async with FakeHaproxy(tmp_path / "admin.sock", [servers(("web-1", READY))]) as fake:
        yield fake


def api_of(fake: FakeHaproxy, **bounds: float) -> RuntimeApi:
    return Haproxies(VirtualClock(), RuntimeBounds(**bounds)).at(str(fake.path))  # type: ignore[arg-type]


async def test_both_tables_come_over_one_connection(fake: FakeHaproxy) -> None:
    (row,) = await api_of(fake).servers("edge")
    assert fake.asked == ["show servers state edge;show stat edge 4 -1"]
    assert (row.name, row.address, row.port, row.is_up, row.passed) == ("web-1", "10.0.0.1", 80, True, True)


@pytest.mark.parametrize(
    ("said", "maintained", "draining", "up", "fresh", "passed"),
    [
        (READY, False, False, True, False, True),
        (DRAINING, False, True, True, False, True),
        (MAINTAINED, True, False, False, False, False),
        (DOWN, False, False, False, False, False),
        ("2 8 0 2", False, True, True, True, False),  # out of maintenance, and not checked yet: up by HAProxy's leave
        ("2 8 3 2", False, True, True, False, False),  # the check that passed is one from before the maintenance
        ("2 8 0 4 15", False, True, True, False, True),  # checked before, and just being checked again
        ("1 0 3 4", False, False, True, False, True),  # warming up
        ("3 0 3 4", False, False, False, False, True),  # it asks for no new sessions
        ("2 12 3 4", False, True, True, False, True),  # its file said `disabled`, which was undone
        ("0 5 0 0", True, False, False, True, False),  # and this was not
        ("0 10 0 0", True, False, False, True, False),  # drained, and in maintenance through the server that it tracks
        ("0 32 0 0", True, False, False, True, False),  # it has no address
    ],
)
async def test_a_servers_state_is_what_the_masks_say(
    fake: FakeHaproxy, said: str, maintained: bool, draining: bool, up: bool, fresh: bool, passed: bool
) -> None:
    fake.answers = [servers(("web-1", said))]
    (row,) = await api_of(fake).servers("edge")
    assert (row.in_maintenance, row.is_draining, row.is_up) == (maintained, draining, up)
    assert (row.fresh, row.passed) == (fresh, passed)


@pytest.mark.parametrize(("said", "passed"), [("2 8 3 2", True), ("2 8 0 2", False), ("2 8 2 2", False)])
async def test_where_one_failure_is_enough_the_last_result_has_to_do(
    fake: FakeHaproxy, said: str, passed: bool
) -> None:
    fake.answers = [servers(("web-1", said), stats=["edge,web-1,0,0,UP,L7OK,,,2,1,0,0,\n"])]
    (row,) = await api_of(fake).servers("edge")
    assert row.passed is passed


async def test_a_server_of_one_table_only_is_left_for_the_next_look(fake: FakeHaproxy) -> None:
    one = "edge,web-2,1,2,UP,* L7OK,hello,passed,2,3,1,2,9\n"
    fake.answers = [servers(("web-1", READY), ("web-2", READY), stats=[one])]
    (row,) = await api_of(fake).servers("edge")
    assert (row.name, row.sessions, row.attached, row.maxconn, row.check) == ("web-2", 3, 3, 9, "L7OK hello")


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (b"Can't find backend.\n\nNo such proxy.\n\n", Gone, "no_such_backend"),
        (b"Permission denied\n\n", Denied, "permission_denied"),
        (b"Unknown command, but maybe one of the following ones is a better match:\n\n", Permanent, "refused"),
        (b"", Transient, "truncated"),
        (servers(("web-1", READY))[:200], Transient, "truncated"),
        (servers(("web-1", READY))[:-1], Transient, "truncated"),
        (servers(("web-1", READY)).partition(b"\n\n")[0] + b"\n\n", Transient, "truncated"),
        (servers(("web-1", "x 0 3 4")), Permanent, "unreadable"),
        (servers(("web-1 more", READY)), Permanent, "unreadable"),
        (servers(("web-1", READY), stats=["edge,web-1,many,0\n"]), Permanent, "unreadable"),
        (servers(("web-1", READY)).replace(b"1\n#", b"2\n#", 1), Permanent, "unreadable"),
        (b"\xff\xfe\x00garbage\n\n\n", Permanent, "refused"),
    ],
)
async def test_what_is_no_table_is_an_error_and_never_an_empty_backend(
    fake: FakeHaproxy, answer: bytes, kind: type[PlatformError], code: str
) -> None:
    fake.answers = [answer]
    with pytest.raises(kind) as caught:
        await api_of(fake).servers("edge")
    assert (type(caught.value), caught.value.code, caught.value.call) == (kind, code, "haproxy.ShowServersState")
    assert len(fake.asked) == (3 if kind is Transient else 1)


async def test_a_read_is_tried_again(fake: FakeHaproxy) -> None:
    fake.answers = [b"", servers(("web-1", READY))]
    assert len(await api_of(fake).servers("edge")) == 1


async def test_who_does_not_answer_is_not_waited_for(fake: FakeHaproxy) -> None:
    fake.answers = [None]
    with pytest.raises(Transient, match="no answer in time") as caught:
        await api_of(fake, answer_seconds=0.2, attempts=1).servers("edge")
    assert not caught.value.perhaps
    with pytest.raises(Transient) as caught:
        await api_of(fake, answer_seconds=0.2).mutate("DeleteServer", "del server edge/web-1")
    assert (caught.value.code, caught.value.perhaps) == ("timeout", True)
    assert len(fake.asked) == 2


async def test_an_answer_without_an_end_is_cut_off(fake: FakeHaproxy) -> None:
    fake.endless = True
    with pytest.raises(Transient, match="too large"):
        await api_of(fake, answer_bytes=100_000, attempts=1).servers("edge")


@pytest.mark.parametrize("address", ["/nowhere/admin.sock", "127.0.0.1:1", "[::1]:1"])
async def test_where_nobody_listens_nothing_happened(address: str) -> None:
    api = Haproxies(VirtualClock()).at(address)
    with pytest.raises(Transient, match="no connection to HAProxy at") as caught:
        await api.mutate("DeleteServer", "del server edge/web-1")
    assert not caught.value.perhaps


@pytest.mark.parametrize(
    ("operation", "command", "answer"),
    [
        ("AddServer", "add server edge/r-1 10.0.0.1:80 check inter 100ms", b"New server registered.\n\n"),
        ("AddServer", "add server edge/r-1 fd00::5:80 check", b"New server registered.\n\n"),
        ("DeleteServer", "del server edge/r-1", b"Server deleted.\n"),
        ("EnableHealth", "enable health edge/r-1", b"\n"),
        ("SetServer", "set server edge/r-1 state drain", b"\n"),
        (
            "SetServer",
            "set server edge/r-1 addr 10.0.0.2 port 80",
            b"IP changed from '10.0.0.1' to '10.0.0.2', no need to change the port by 'stats socket command'\n\n",
        ),
    ],
)
async def test_a_command_is_given_once_and_understood(
    fake: FakeHaproxy, operation: str, command: str, answer: bytes
) -> None:
    fake.answers = [answer]
    await api_of(fake).mutate(operation, command)
    assert fake.asked == [command]


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (b"No such server.\n", Transient, "no_such_server"),
        (b"No such backend.\n", Gone, "no_such_backend"),
        (b"Permission denied\n\n", Denied, "permission_denied"),
        (b"Server still has connections attached to it, cannot remove it.\n", Transient, "connections"),
        (
            b"This server cannot be removed at runtime due to other configuration elements pointing to it.\n",
            Permanent,
            "referenced",
        ),
        (b"Only servers in maintenance mode can be deleted.\n", Permanent, "refused"),
        (b"\n", Permanent, "refused"),
        (b"New server registered.\n\n", Permanent, "refused"),
        (b"Server dele", Transient, "truncated"),
        (b"", Transient, "truncated"),
    ],
)
async def test_what_is_not_success_in_its_own_words_is_an_error(
    fake: FakeHaproxy, answer: bytes, kind: type[PlatformError], code: str
) -> None:
    fake.answers = [answer]
    with pytest.raises(kind) as caught:
        await api_of(fake).mutate("DeleteServer", "del server edge/r-1")
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.perhaps is (code == "truncated")
    assert len(fake.asked) == 1


INJECTIONS = [
    "set server edge/web-1 state ready;shutdown sessions server edge/web-1",
    "set server edge/web-1 state ready\nclear counters all",
    "set server edge/web-1 state ready\n",
    "set server edge/web 1 state ready",
    "set server edge/web-1/more state ready",
    "set server edge/web-1 weight 0",
    "set server edge/web-1 health up",
    "set server edge/web-1 fqdn elsewhere.example.org",
    "set server edge/web-1 addr elsewhere.example.org port 80",
    "add server edge/r-1 10.0.0.1:80 check <<",
    "add server edge/r-1 10.0.0.1:80 check \\; quit",
    "add server edge/r-1 elsewhere.example.org:80 check",
    "del server edge",
    "enable health edge/web-1;",
    "shutdown sessions server edge/web-1",
    "disable frontend front",
    "set global-key x",
    "",
]


@pytest.mark.parametrize("command", INJECTIONS)
async def test_what_is_on_no_list_never_leaves_the_process(fake: FakeHaproxy, command: str) -> None:
    api = api_of(fake)
    for operation in (*MUTATIONS, *READS, "Shell"):
        with pytest.raises(ForbiddenCall):
            await api.mutate(operation, command)
    with pytest.raises(ForbiddenCall):
        refuse_unlisted(command)
    assert fake.asked == []


@pytest.mark.parametrize("backend", ["edge;quit", "edge quit", "edge\n", "", "#1", "edge/web-1"])
async def test_a_backends_name_is_a_name(fake: FakeHaproxy, backend: str) -> None:
    with pytest.raises(ForbiddenCall):
        await api_of(fake).servers(backend)
    assert fake.asked == []


def test_the_page_says_every_command() -> None:
    page = (Path(__file__).parents[2] / "docs" / "balancers.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"These are all the commands.*?\n\n", page, re.DOTALL)
    found = sorted(command.partition(" ...")[0] for command in re.findall(r"`([^`]+)`", said))
    listed = [re.match(r"[a-z ]+[a-z]", pattern) for pattern in (*READS.values(), *MUTATIONS.values())]
    assert sorted(set(found)) == sorted({one[0].strip() for one in listed if one})


async def test_a_mutation_is_no_read_and_a_read_no_mutation(fake: FakeHaproxy) -> None:
    with pytest.raises(ForbiddenCall, match="not on the list of mutations"):
        await api_of(fake).mutate("ShowInfo", "show info")
    assert fake.asked == []


async def test_a_frontend_of_the_backends_name_does_not_hide_its_servers(fake: FakeHaproxy) -> None:
    hidden = servers(("web-1", READY), stats=[])
    others = "other,web-9,0,0,UP,L7OK,,,2,3,0,0,\n"
    own = "edge,web-1,4,1,UP,L7OK,,Layer7 check passed,2,3,0,0,\n"
    fake.answers = [hidden, servers(("web-1", READY), stats=[others, own])]
    (row,) = await api_of(fake).servers("edge")
    assert (row.name, row.sessions) == ("web-1", 5)
    assert fake.asked[1:] == ["show servers state edge;show stat -1 4 -1"]
