"""What Prometheus says: a real one, and one that answers badly."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from controller.app.clients import SharedClients
from controller.domain.coverage import Readings
from controller.domain.errors import Permanent, PlatformError, Transient
from controller.domain.model import Instance, Signal, Unknown
from controller.domain.policy import Missing
from controller.domain.ports import ProbeRequest
from probes._prometheus import PrometheusOptions
from probes.promql import PROBE, Promql, PromqlOptions
from tests.clients.fake_http import FakeHttp
from tests.probes.asking import asking
from tests.probes.fleet import NOW, instance
from tests.support.answering import Says, says
from tests.support.prometheus import Points, RealPrometheus

A, B, C = instance("i-0a"), instance("i-0b", names=("10.0.0.2",)), instance("i-0c")


def options(query: str, **more: Any) -> PromqlOptions:
    return PromqlOptions.model_validate({"query": query, **more})


def rule(
    query: str, *instances: Instance, step: str | None = None, alive: str | None = None, **more: Any
) -> ProbeRequest:
    return asking(options(query, step=step, alive=alive), *(instances or (A, B, C)), **more)


def probe_of(url: str, clients: SharedClients, **more: Any) -> Promql:
    made = PROBE.build(PrometheusOptions.model_validate({"url": url, **more}), None, clients)
    assert isinstance(made, Promql)
    return made


def every(seconds: float, *values: float, until: float = 0.0) -> Points:
    """Values at a distance, the last of them `until` seconds before NOW."""
    last = len(values) - 1
    return [(NOW - timedelta(seconds=until + seconds * (last - place)), value) for place, value in enumerate(values)]


def flat(value: float, count: int = 81, until: float = 0.0) -> Points:
    return every(15, *[value] * count, until=until)


@pytest.fixture
def probe(prometheus: RealPrometheus, clients: SharedClients) -> Promql:
    return probe_of(prometheus.url, clients)


# --- a real server ---------------------------------------------------------------------------------------------------


async def test_the_present_is_one_reading_of_each_instance(prometheus: RealPrometheus, probe: Promql) -> None:
    await prometheus.write(
        ({"__name__": "now", "instance_id": "i-0a"}, flat(7)),
        ({"__name__": "now", "instance": "10.0.0.2:9100"}, flat(0)),
        ({"__name__": "now", "host": "elsewhere"}, flat(1)),
    )
    found = await probe.read(rule("now"))
    assert {one: read.latest.value for one, read in found.items() if isinstance(read, Signal)} == {"i-0a": 7, "i-0b": 0}
    first, absent = found["i-0a"], found["i-0c"]
    assert isinstance(first, Signal)
    assert (len(first.readings), first.latest.measured_at, first.query) == (1, NOW, "now")
    assert isinstance(absent, Unknown)
    assert isinstance(found, Readings)
    assert (found.coverage("r", "s").resolved, found.unmatched) == (2, ("elsewhere",))


async def test_a_span_is_read_whole_and_a_little_more(prometheus: RealPrometheus, probe: Promql) -> None:
    await prometheus.write(({"__name__": "span", "instance_id": "i-0a"}, flat(7)))
    signal = (await probe.read(rule("span", for_seconds=600.0)))["i-0a"]
    assert isinstance(signal, Signal)
    times = [reading.measured_at for reading in signal.readings]
    assert signal.period_seconds == 30
    assert {second - first for first, second in pairwise(times)} == {timedelta(seconds=30)}
    assert times[-1] == NOW
    assert NOW - times[0] == timedelta(seconds=690)


@pytest.mark.parametrize(
    ("for_seconds", "step", "expected"),
    [(600, None, 30), (60, None, 15), (30, None, 10), (86_400, None, 300), (600, "1m", 60), (0, "1m", 0)],
)
async def test_the_step_fits_the_span(
    prometheus: RealPrometheus, probe: Promql, for_seconds: float, step: str | None, expected: float
) -> None:
    await prometheus.write(({"__name__": "steps", "instance_id": "i-0a"}, flat(7)))
    signal = (await probe.read(rule("steps", step=step, for_seconds=float(for_seconds))))["i-0a"]
    assert isinstance(signal, Signal)
    assert signal.period_seconds == expected


async def test_a_past_moment_is_asked_for_in_the_same_way(prometheus: RealPrometheus, probe: Promql) -> None:
    await prometheus.write(({"__name__": "past", "instance_id": "i-0a"}, every(15, *[1.0] * 40, *[9.0] * 41)))
    for for_seconds in (0.0, 120.0):
        then = rule("past", at=NOW - timedelta(seconds=630, milliseconds=1, microseconds=7), for_seconds=for_seconds)
        signal = (await probe.read(then))["i-0a"]
        assert isinstance(signal, Signal)
        assert {reading.value for reading in signal.readings} == {1.0}
        assert signal.latest.measured_at <= then.at


async def test_a_gap_stays_a_gap(prometheus: RealPrometheus, probe: Promql) -> None:
    await prometheus.write(
        ({"__name__": "gap", "instance_id": "i-0a"}, [*flat(7, 20, until=900), *flat(7, 5)]),
    )
    signal = (await probe.read(rule("gap", for_seconds=900.0)))["i-0a"]
    assert isinstance(signal, Signal)
    times = [reading.measured_at for reading in signal.readings]
    assert max(second - first for first, second in pairwise(times)) > timedelta(seconds=300)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
@pytest.mark.parametrize("for_seconds", [0.0, 300.0])
async def test_what_is_no_number_is_unknown(
    prometheus: RealPrometheus, probe: Promql, value: str, for_seconds: float
) -> None:
    name = f"odd_{len(value)}_{'m' if value[0] == '-' else 'p'}"
    await prometheus.write(({"__name__": name, "instance_id": "i-0a"}, flat(float(value))))
    found = (await probe.read(rule(name, for_seconds=for_seconds)))["i-0a"]
    assert isinstance(found, Unknown)
    assert "no number" in found.reason


async def test_an_absent_row_is_zero_where_up_says_that_the_instance_lives(
    prometheus: RealPrometheus, probe: Promql
) -> None:
    await prometheus.write(
        ({"__name__": "seen", "instance_id": "i-0a"}, flat(7)),
        ({"__name__": "up", "instance_id": "i-0a"}, flat(1)),
        ({"__name__": "up", "instance": "10.0.0.2:9100"}, flat(1)),
        ({"__name__": "up", "instance_id": "i-0c"}, flat(0)),
    )
    for for_seconds in (0.0, 300.0):
        request = rule("seen > 5", alive="up", missing=Missing.ZERO, for_seconds=for_seconds)
        found = await probe.read(request)
        values = {
            one: {reading.value for reading in read.readings} for one, read in found.items() if isinstance(read, Signal)
        }
        assert values == {"i-0a": {7.0}, "i-0b": {0.0}}
        assert "proof of life" in _reason(found["i-0c"])


async def test_two_exporters_of_one_host_that_differ_are_a_contradiction(
    prometheus: RealPrometheus, probe: Promql
) -> None:
    await prometheus.write(
        ({"__name__": "twice", "instance": "10.0.0.2:9100"}, flat(1)),
        ({"__name__": "twice", "instance": "10.0.0.2:8080"}, flat(2)),
    )
    assert "contradict" in _reason((await probe.read(rule("twice")))["i-0b"])


async def test_the_rules_identity_goes_before_the_sources(prometheus: RealPrometheus, clients: SharedClients) -> None:
    labels = {"__name__": "named", "node": "i-0a", "machine": "i-0c", "instance_id": "nobody"}
    await prometheus.write((labels, flat(1)))
    probe = probe_of(prometheus.url, clients, identity="node")
    for identity, owner in ((None, "i-0a"), ("machine", "i-0c")):
        found = await probe.read(rule("named", identity=identity))
        assert [one for one, read in found.items() if isinstance(read, Signal)] == [owner]


async def test_a_fleet_is_asked_for_as_a_whole(prometheus: RealPrometheus, probe: Promql) -> None:
    await prometheus.write(
        ({"__name__": "whole", "pod": "a"}, flat(1)),
        ({"__name__": "whole", "pod": "b"}, flat(2)),
    )
    for for_seconds in (0.0, 300.0):
        signal = await probe.read_fleet(rule("sum(whole)", for_seconds=for_seconds))
        assert isinstance(signal, Signal)
        assert signal.latest.value == 3
        assert (len(signal.readings) > 1) is (for_seconds > 0)
    assert "2 rows" in _reason(await probe.read_fleet(rule("whole")))
    assert "no row" in _reason(await probe.read_fleet(rule("nothing_of_the_kind")))


@pytest.mark.parametrize(
    ("query", "words"),
    [("1", "scalar"), ('"a"', "text"), ("up[5m]", "rate"), ("sum(", "parse error"), ("up + on() up", "many-to-many")],
)
async def test_a_query_that_cannot_work_is_refused_in_words_that_help(
    prometheus: RealPrometheus, probe: Promql, query: str, words: str
) -> None:
    await prometheus.write(*(({"__name__": "up", "instance_id": one}, flat(1)) for one in ("i-0a", "i-0b")))
    with pytest.raises(Permanent, match=words) as caught:
        await probe.read(rule(query))
    assert caught.value.call.startswith("prometheus")


# --- one that answers badly ------------------------------------------------------------------------------------------


def vector(*rows: object, **more: object) -> Says:
    return says({"status": "success", "data": {"resultType": "vector", "result": list(rows)}, **more})


GOOD = {"metric": {"instance_id": "i-0a"}, "value": [NOW.timestamp(), "7"]}


async def test_hints_about_the_query_take_nothing_away_and_warnings_take_all(
    source: FakeHttp, clients: SharedClients
) -> None:
    probe = probe_of(source.url, clients)
    source.says(
        vector(GOOD, infos=["PromQL info: metric might not be a counter"]), vector(GOOD, warnings=["1 store is down"])
    )
    assert isinstance((await probe.read(rule("x")))["i-0a"], Signal)
    with pytest.raises(Permanent, match="a part of the whole: 1 store is down"):
        await probe.read(rule("x"))


@pytest.mark.parametrize(("kind", "error"), [("timeout", Transient), ("bad_data", Permanent), ("execution", Permanent)])
async def test_an_error_in_the_body_is_an_error_whatever_the_status(
    source: FakeHttp, clients: SharedClients, kind: str, error: type[PlatformError]
) -> None:
    source.says(says({"status": "error", "errorType": kind, "error": "query is too heavy"}))
    with pytest.raises(error, match="too heavy"):
        await probe_of(source.url, clients).read(rule("x"))


ODD: Sequence[object] = (
    {},
    [],
    None,
    {"status": "success"},
    {"status": "success", "data": None},
    {"status": "success", "data": {"resultType": "vector", "result": None}},
    {"status": "success", "data": {"resultType": "matrix", "result": []}},
    {"status": "success", "data": {"resultType": "streams", "result": []}},
    *(
        {"status": "success", "data": {"resultType": "vector", "result": [row]}}
        for row in (
            {},
            None,
            {"metric": {"instance_id": "i-0a"}},
            {"metric": None, "value": [1, "1"]},
            {"metric": {"instance_id": 7}, "value": [1, "1"]},
            {**GOOD, "value": [1]},
            {**GOOD, "value": ["now", "1"]},
            {**GOOD, "value": [1e300, "1"]},
            {**GOOD, "value": [True, "1"]},
            {**GOOD, "value": [float("nan"), "1"]},
            {**GOOD, "value": [1, 7]},
            {**GOOD, "value": [1, "7_0"]},
            {**GOOD, "value": [1, "seven"]},
            {**GOOD, "value": [1, None]},
            {"metric": {"instance_id": "i-0a"}, "histogram": [1, {}]},
        )
    ),
)


@pytest.mark.parametrize("content", ODD, ids=range(len(ODD)))
async def test_an_answer_that_makes_no_sense_is_an_error_for_all(
    source: FakeHttp, clients: SharedClients, content: object
) -> None:
    source.says(says(content))
    with pytest.raises(PlatformError):
        await probe_of(source.url, clients).read(rule("x"))


async def test_what_is_asked_is_a_form_with_the_tenants_header(source: FakeHttp, clients: SharedClients) -> None:
    source.says(vector(GOOD))
    probe = probe_of(f"{source.url}/prometheus/", clients, headers={"X-Scope-OrgID": "web"})
    await probe.read(rule('rate(x{a="b"}[5m])'))
    (asked,) = source.requests
    assert asked.path == "/prometheus/api/v1/query"
    assert asked.form == {"query": 'rate(x{a="b"}[5m])', "time": f"{NOW.timestamp():.3f}"}
    assert asked.headers["X-Scope-OrgID"] == "web"


async def test_without_its_source_it_says_so(clients: SharedClients) -> None:
    with pytest.raises(Permanent, match="not configured"):
        await PROBE.build(None, None, clients).read(rule("x"))


def _reason(answer: Signal | Unknown) -> str:
    assert isinstance(answer, Unknown)
    return answer.reason
