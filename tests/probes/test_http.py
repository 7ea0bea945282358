"""http: instances asked at their own addresses, over real sockets on loopback."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.app.clients import SharedClients
from controller.clock import SystemClock
from controller.domain.errors import Transient
from controller.domain.model import Instance, InstanceState, Signal, Unknown
from controller.domain.policy import Above, Below, Cause, Condition, Missing
from controller.domain.ports import Probe
from probes._http_options import HttpOptions
from probes.http import PROBE, address_of
from tests.probes.asking import asking
from tests.probes.engine import value, why
from tests.probes.fleet import instance
from tests.probes.street import HANG, OK, Street, status


@dataclass
class Asked:
    street: Street
    probe: Probe

    async def read(self, *instances: Instance, threshold: Any = PROBE.threshold, **options: Any) -> Any:
        told = HttpOptions.model_validate({"port": self.street.port, "timeout": "1s"} | options)
        return await self.probe.read(asking(told, *instances, probe="http", threshold=threshold))

    async def pair(self, says: bytes | None, *, keeps: bool = False, **options: Any) -> Signal | Unknown:
        """What is read of one that says this (None: nobody listens), beside a good one."""
        good = await self.street.opens(2)
        address = "127.0.0.3" if says is None else await self.street.opens(3, says, keeps=keeps)
        found = await self.read(at("good", good), at("odd", address), **options)
        assert isinstance(found["good"], Signal) or options
        return found["odd"]  # type: ignore[no-any-return]


def at(instance_id: str, address: str, **changes: Any) -> Instance:
    return instance(instance_id, **{"names": ("web-1", address), **changes})


class Late(SystemClock):
    """Of a process that gets to look at it half a minute late."""

    def __init__(self) -> None:
        self.looks = 0

    def now(self) -> datetime:
        self.looks += 1
        return super().now() + timedelta(seconds=30 * self.looks)


@pytest.fixture
async def http() -> AsyncIterator[Asked]:
    clients = SharedClients(SystemClock())
    async with Street() as street:
        yield Asked(street, PROBE.build(None, None, clients))
        await clients.aclose()


@pytest.mark.parametrize(("code", "expect", "well"), [
    (200, "200-399", True), (204, "200-399", True), (302, "200-399", True), (404, "200-399", False),
    (500, "200-399", False), (503, "200-399", False), (404, "200, 404", True), (204, 200, False),
])  # fmt: skip
async def test_a_status_is_well_or_not(http: Asked, code: int, expect: Any, well: bool) -> None:
    found = value(await http.pair(status(code), expect=expect))
    assert found == (str(code) if well else f"failed: {code}")
    assert PROBE.threshold is not None
    assert PROBE.threshold.breached(found) is not well


async def test_a_redirect_is_not_followed(http: Asked) -> None:
    there = f"Location: http://127.0.0.2:{http.street.port}/x"
    assert value(await http.pair(status(302, there), expect=200)) == "failed: 302"
    assert len(http.street.heard) == 2


FAILURES: dict[str, tuple[bytes | None, str]] = {
    "nobody listens": (None, "failed: refused"),
    "it hangs": (HANG, "failed: timeout"),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-", "failed: closed"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "failed: no HTTP"),
    "a status of four digits": (b"HTTP/1.1 2000 OK\r\n\r\n", "failed: no HTTP"),
    "an endless header": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, "failed: no HTTP"),
    "bytes": (bytes(range(256)) * 4, "failed: no HTTP"),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_who_does_not_answer_beside_one_who_does_has_failed(http: Asked, case: str) -> None:
    says, expected = FAILURES[case]
    assert value(await http.pair(says)) == expected


async def test_a_body_that_never_ends_is_not_waited_for(http: Asked) -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1000
    assert value(await http.pair(endless, keeps=True)) == "200"


async def test_the_question_is_one_plain_get(http: Asked) -> None:
    address = await http.street.opens(2)
    found = await http.read(at("a", address), path="/health?full=1", host="www.example.org")
    assert found["a"].query == f"GET http://127.0.0.2:{http.street.port}/health?full=1"
    (sent,) = http.street.heard
    lines = sent.decode().lower().split("\r\n")
    assert lines[0] == "get /health?full=1 http/1.1"
    assert "host: www.example.org" in lines
    assert not [line for line in lines if line.startswith(("cookie", "authorization"))]


@pytest.mark.parametrize("says", [None, HANG, b"no HTTP at all\r\n\r\n"])
async def test_where_nobody_answers_the_network_may_be_what_fails(http: Asked, says: bytes | None) -> None:
    await http.street.opens(9)
    one, other = ("127.0.0.2", "127.0.0.3") if says is None else [await http.street.opens(n, says) for n in (2, 3)]
    with pytest.raises(Transient, match="not one of 2 instances answers"):
        await http.read(at("a", one), at("b", other))
    with pytest.raises(Transient, match="not one of 1 instances answers"):
        await http.read(at("a", one))


async def test_a_place_from_which_nobody_answers_may_be_cut_off(http: Asked) -> None:
    good = await http.street.opens(2)
    fleet = (
        at("a1", good, zone="a"),
        at("b1", "127.0.0.3", zone="b"),
        at("b2", "127.0.0.4", zone="b"),
        at("c1", "127.0.0.5", zone="c"),
    )
    found = await http.read(*fleet)
    assert value(found["a1"]) == "200"
    assert "nor does any other one near it" in why(found["b1"])
    assert "nor does any other one near it" in why(found["b2"])
    assert value(found["c1"]) == "failed: refused", "alone in its place, it is seen against all others"


async def test_an_answer_of_any_kind_proves_the_way(http: Asked) -> None:
    sick = await http.street.opens(2, status(503))
    found = await http.read(at("a", sick), at("b", "127.0.0.3"))
    assert value(found["a"]) == "failed: 503"
    assert value(found["b"]) == "failed: refused"


@pytest.mark.parametrize("state", [state for state in InstanceState if state is not InstanceState.IN_SERVICE])
async def test_who_is_not_in_service_is_not_asked(http: Asked, state: InstanceState) -> None:
    good = await http.street.opens(2)
    found = await http.read(at("a", good), at("b", "127.0.0.3", state=state))
    assert why(found["b"]) == f"it is {state}"
    assert len(http.street.heard) == 1


async def test_without_an_address_nobody_is_asked(http: Asked) -> None:
    await http.street.opens(2)
    found = await http.read(instance("a", names=("web-1", "ip-10-0-0-1")))
    assert why(found["a"]) == "its address is not known"


@pytest.mark.parametrize(("changes", "address"), [
    ({"names": ("web", "10.0.0.5", "54.1.2.3")}, "10.0.0.5"),
    ({"names": ("web", "10.0.0.5"), "attributes": {"repave.address": "10.9.9.9"}}, "10.9.9.9"),
    ({"names": ("fd00::5",)}, "fd00::5"),
    ({"names": ("web.example.org",)}, None),
    ({"attributes": {"repave.address": "web.example.org"}}, None),
])  # fmt: skip
def test_an_address_is_what_the_platform_says_or_the_first_one_known(changes: Any, address: str | None) -> None:
    assert address_of(instance("a", **changes)) == address


async def test_a_hundred_that_hang_are_asked_together(http: Asked) -> None:
    hanging = [at(f"n{n}", await http.street.opens(n, HANG)) for n in range(3, 103)]
    fleet = [*hanging, at("good", await http.street.opens(2))]  # waiting for its turn takes nothing from its time
    found = await asyncio.wait_for(http.read(*fleet, timeout="2s"), 15)
    # A busy machine makes some of those that hang "this process was too busy": that is no answer of theirs either.
    told = {one: signal.latest.value for one, signal in found.items() if isinstance(signal, Signal)}
    assert [one for one, said in told.items() if said == "200"] == ["good"]
    assert 32 < http.street.most_at_once <= 64


async def test_a_busy_process_blames_nobody() -> None:
    clients = SharedClients(Late())
    async with Street() as street:
        late = Asked(street, PROBE.build(None, None, clients))
        assert why(await late.pair(HANG)) == "this process was too busy to hear it in time"
        await clients.aclose()


# --- latency --------------------------------------------------------------------------------------------------------


async def test_latency_is_a_number_of_milliseconds(http: Asked) -> None:
    found = value(await http.pair(OK, metric="latency_ms", threshold=Above(500)))
    assert 0 < found < 1000


@pytest.mark.parametrize(("threshold", "breached"), [(Above(900), True), (Above(1000), False), (Below(5), False)])
async def test_who_does_not_answer_in_time_takes_at_least_so_long(http: Asked, threshold: Any, breached: bool) -> None:
    found = await http.pair(HANG, metric="latency_ms", threshold=threshold)
    if breached:
        assert value(found) == 1000.0
    else:
        assert why(found) == "it does not answer (timeout)"


@pytest.mark.parametrize("says", [None, status(500), b"rubbish\r\n\r\n"])
async def test_of_an_answer_that_is_none_no_latency_is_known(http: Asked, says: bytes | None) -> None:
    assert why(await http.pair(says, metric="latency_ms", threshold=Above(1)))


# --- options --------------------------------------------------------------------------------------------------------

WRONG: dict[str, Mapping[str, Any]] = {
    "no port": {},
    "port 0": {"port": 0},
    "a port in words": {"port": "80"},
    "no path": {"port": 80, "path": "health"},
    "a path with a blank": {"port": 80, "path": "/a b"},
    "a path with a line": {"port": 80, "path": "/a\r\nX: y"},
    "a status of Gopher's": {"port": 80, "expect": "7-99"},
    "statuses backwards": {"port": 80, "expect": "399-200"},
    "no statuses": {"port": 80, "expect": "ok"},
    "true": {"port": 80, "expect": True},
    "a list": {"port": 80, "expect": [200]},
    "too long a wait": {"port": 80, "timeout": "11s"},
    "a header in the host": {"port": 80, "host": "a\r\nX: y"},
    "a certificate for no name": {"port": 80, "tls": {}},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_asked_is_refused(case: str) -> None:
    with pytest.raises(ValidationError):
        HttpOptions.model_validate(WRONG[case])


def condition(options: dict[str, Any], **changes: Any) -> Condition:
    told = HttpOptions.model_validate({"port": 80, **options})
    facts: dict[str, Any] = {"threshold": PROBE.own_threshold(told) or Above(100), "options": told} | changes
    return Condition("r", Cause.DEGRADED, "http", **facts)


@pytest.mark.parametrize(("rule", "key"), [
    (condition({}), None),
    (condition({}, missing=Missing.ZERO), "missing"),
    (condition({"metric": "latency_ms"}), None),
    (condition({"metric": "latency_ms", "timeout": "1s"}, threshold=Above(1500)), "above"),
    (condition({"metric": "latency_ms", "timeout": "2s"}, threshold=Above(1500)), None),
])  # fmt: skip
def test_rules_that_cannot_be_meant(rule: Condition, key: str | None) -> None:
    assert PROBE.check is not None
    flaw = PROBE.check(rule)
    assert (flaw.key if flaw else None) == key


# --- whatever a server sends ----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(lambda tail: b"HTTP/1.1 200 OK\r\n" + tail)))
def test_any_bytes_are_a_status_or_a_failure(says: bytes) -> None:
    async def read() -> Any:
        clients = SharedClients(SystemClock())
        async with Street() as street:
            found = await Asked(street, PROBE.build(None, None, clients)).pair(says, timeout="2s")
            await clients.aclose()
            return found

    found = asyncio.run(read())
    assert isinstance(found, Signal)
    assert isinstance(found.latest.value, str)
    assert found.latest.value.isprintable()
