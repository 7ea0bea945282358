"""What New Relic says: NerdGraph as it is documented, and one that answers badly."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from controller.app.clients import SharedClients
from controller.domain.coverage import Readings
from controller.domain.errors import Denied, Permanent, PlatformError, Throttled, Transient
from controller.domain.model import Instance, Signal, Unknown
from controller.domain.policy import Missing
from controller.domain.ports import ProbeRequest
from probes._newrelic import NewRelicOptions
from probes.nrql import PROBE, NrqlOptions, NrqlProbe
from tests.clients.fake_http import FakeHttp
from tests.probes.asking import asking
from tests.probes.fleet import NOW, instance
from tests.probes.nerdgraph import ACCOUNT, KEY, MOST_AT_ONCE, NerdGraph, QueryError
from tests.support.answering import says
from tests.support.prometheus import Points

A, B, C = instance("i-0a"), instance("i-0b", names=("web-b",)), instance("i-0c")
LOAD = "SELECT average(value) AS value FROM Load FACET host"


@pytest.fixture
async def nerdgraph() -> AsyncIterator[NerdGraph]:
    async with NerdGraph() as server:
        yield server


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW_RELIC_API_KEY", KEY)


def probe_of(url: str, clients: SharedClients, **more: Any) -> NrqlProbe:
    options = {"account": ACCOUNT, "api_key": {"env": "NEW_RELIC_API_KEY"}, "url": url, "lag": "0s", **more}
    made = PROBE.build(NewRelicOptions.model_validate(options), None, clients)
    assert isinstance(made, NrqlProbe)
    return made


@pytest.fixture
def probe(nerdgraph: NerdGraph, clients: SharedClients) -> NrqlProbe:
    return probe_of(nerdgraph.url, clients)


def rule(query: object, *instances: Instance, **more: Any) -> ProbeRequest:
    return asking(NrqlOptions.model_validate(query), *(instances or (A, B, C)), probe="nrql", **more)


def minutes(*values: float, until: int = 0) -> Points:
    """A value in the middle of each of the last minutes."""
    last = len(values) - 1
    return [(NOW - timedelta(seconds=60 * (until + last - place) + 30), value) for place, value in enumerate(values)]


def values(answer: Signal | Unknown) -> list[float | str]:
    assert isinstance(answer, Signal), answer
    return [reading.value for reading in answer.readings]


def reason(answer: Signal | Unknown) -> str:
    assert isinstance(answer, Unknown)
    return answer.reason


# --- as documented ---------------------------------------------------------------------------------------------------


async def test_each_bucket_is_a_reading_dated_at_its_end(nerdgraph: NerdGraph, probe: NrqlProbe) -> None:
    nerdgraph.add("Load", minutes(*range(20)), host="i-0a")
    nerdgraph.add("Load", minutes(7, 7, 7), host="WEB-B")
    nerdgraph.add("Load", minutes(1), host="elsewhere")
    found = await probe.read(rule(LOAD, for_seconds=600.0))
    first = found["i-0a"]
    assert isinstance(first, Signal)
    assert values(first) == list(range(7, 20))
    assert (first.latest.measured_at, first.period_seconds, first.query) == (NOW, 60, LOAD)
    assert values(found["i-0b"]) == [7, 7, 7]
    assert "elsewhere" in reason(found["i-0c"])
    assert isinstance(found, Readings)
    assert (found.coverage("r", "s").resolved, found.unmatched) == (2, ("elsewhere",))
    (asked,) = nerdgraph.asked
    assert asked.startswith(f"{LOAD.replace(' FROM', ', count(*) AS repaveEvents FROM')} LIMIT MAX SINCE ")


async def test_what_is_younger_than_the_lag_is_not_read(nerdgraph: NerdGraph, clients: SharedClients) -> None:
    nerdgraph.add("Load", minutes(1, 2, 3, 4, 5), host="i-0a")
    signal = (await probe_of(nerdgraph.url, clients, lag="2m").read(rule(LOAD)))["i-0a"]
    assert values(signal) == [1, 2, 3]
    assert isinstance(signal, Signal)
    assert (signal.latest.measured_at, signal.lag_seconds) == (NOW - timedelta(minutes=2), 120)


async def test_a_bucket_without_events_is_no_reading_though_it_counts_zero(
    nerdgraph: NerdGraph, probe: NrqlProbe
) -> None:
    nerdgraph.add("Load", minutes(1, 1, until=5), host="i-0a")
    for query in ("SELECT count(*) AS value FROM Load FACET host", LOAD):
        found = await probe.read(rule(query, for_seconds=600.0))
        assert values(found["i-0a"]) == [1, 1]


async def test_a_share_of_real_events_may_be_zero(nerdgraph: NerdGraph, probe: NrqlProbe) -> None:
    nerdgraph.add("Transaction", minutes(1, 1, 1), host="i-0a", error=False)
    nerdgraph.add("Transaction", minutes(1, 1, 1), host="i-0b", error=True)
    query = "SELECT percentage(count(*), WHERE error IS true) AS value FROM Transaction FACET host"
    found = await probe.read(rule(query))
    assert (values(found["i-0a"]), values(found["i-0b"])) == ([0, 0, 0], [100, 100, 100])


async def test_an_absent_row_is_zero_where_another_query_proves_life(nerdgraph: NerdGraph, probe: NrqlProbe) -> None:
    nerdgraph.add("Oom", minutes(1), host="i-0a")
    nerdgraph.add("Beat", minutes(1, 1, 1), host="i-0a")
    nerdgraph.add("Beat", minutes(1, 1, until=1), host="web-b")
    query = {"query": "SELECT count(*) FROM Oom FACET host", "alive": "SELECT count(*) FROM Beat FACET host"}
    found = await probe.read(rule(query, missing=Missing.ZERO))
    assert (values(found["i-0a"]), values(found["i-0b"])) == ([0, 0, 1], [0, 0])
    assert "proof of life" in reason(found["i-0c"])


async def test_a_facet_with_a_name_of_its_own_names_the_instance_unless_another_is_declared(
    nerdgraph: NerdGraph, probe: NrqlProbe
) -> None:
    nerdgraph.add("Load", minutes(1), machine="i-0a")
    query = LOAD.replace("host", "machine")
    for identity, known in ((None, True), ("machine", True), ("host", False)):
        found = await probe.read(rule(query, identity=identity))
        assert isinstance(found["i-0a"], Signal) is known


async def test_the_column_is_the_only_one_or_called_value_or_named(nerdgraph: NerdGraph, probe: NrqlProbe) -> None:
    nerdgraph.add("Load", minutes(3), host="i-0a")
    one, two = "SELECT max(value) FROM Load FACET host", "SELECT max(value), average(value) FROM Load FACET host"
    assert values((await probe.read(rule(one)))["i-0a"]) == [3]
    assert values((await probe.read(rule({"query": two, "value": "max.value"})))["i-0a"]) == [3]
    with pytest.raises(Permanent, match="which column is the value.*max.value, average.value"):
        await probe.read(rule(two))


async def test_one_percentile_is_a_number_and_several_are_not(nerdgraph: NerdGraph, probe: NrqlProbe) -> None:
    nerdgraph.add("Load", minutes(3), host="i-0a")
    assert values((await probe.read(rule("SELECT percentile(value, 95) FROM Load FACET host")))["i-0a"]) == [3]
    with pytest.raises(Permanent, match="one percentile, not for several"):
        await probe.read(rule("SELECT percentile(value, 95, 99) FROM Load FACET host"))


async def test_a_fleet_is_asked_for_as_a_whole_and_an_instance_needs_a_facet(
    nerdgraph: NerdGraph, probe: NrqlProbe
) -> None:
    nerdgraph.add("Load", minutes(3, 5), host="i-0a")
    query = "SELECT average(value) AS value FROM Load"
    assert values(await probe.read_fleet(rule(query))) == [3, 5]
    assert "no reading" in reason(await probe.read_fleet(rule(query.replace("Load", "Nothing"))))
    with pytest.raises(Permanent, match="no FACET"):
        await probe.read(rule(query))


# --- limits and errors -----------------------------------------------------------------------------------------------


async def test_who_is_beyond_the_cut_is_unknown_and_never_zero(nerdgraph: NerdGraph, probe: NrqlProbe) -> None:
    for number in range(20):
        nerdgraph.add("Oom", minutes(1), host=f"web-{number}")
    nerdgraph.add("Beat", minutes(1, 1, 1), host="i-0a")
    alive = "SELECT count(*) FROM Beat FACET host"
    for limit, cut in ((20, True), (21, False)):
        query = {"query": f"SELECT count(*) FROM Oom FACET host LIMIT {limit}", "alive": alive}
        answer = (await probe.read(rule(query, missing=Missing.ZERO)))["i-0a"]
        assert isinstance(answer, Unknown) is cut
        assert not cut or "cut off at 20 facets" in reason(answer)


async def test_with_a_wrong_key_it_says_which_kind_of_key_is_wanted(
    probe: NrqlProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEW_RELIC_API_KEY", "NRAK-ANOTHER")
    with pytest.raises(Denied, match="API key is invalid") as caught:
        await probe.read(rule(LOAD))
    assert "NRAK" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "error", "tries"),
    [
        ("INVALID_INPUT", Permanent, 1),
        ("ACCESS_DENIED", Denied, 1),
        ("TOO_MANY_REQUESTS", Throttled, 1),
        ("TIMEOUT", Transient, 3),
        ("SERVER_ERROR", Transient, 3),
        ("", Permanent, 1),
    ],
)
async def test_an_error_in_the_body_is_an_error_and_never_an_empty_fleet(
    nerdgraph: NerdGraph, probe: NrqlProbe, kind: str, error: type[PlatformError], tries: int
) -> None:
    nerdgraph.refusals = [QueryError("it said so", kind) for _ in range(3)]
    with pytest.raises(error, match="it said so"):
        await probe.read(rule(LOAD))
    assert len(nerdgraph.asked) == tries


async def test_another_account_is_refused(nerdgraph: NerdGraph, clients: SharedClients) -> None:
    with pytest.raises(Denied, match="Access denied"):
        await probe_of(nerdgraph.url, clients, account=1).read(rule(LOAD))


async def test_a_message_makes_all_of_it_unknown(nerdgraph: NerdGraph, probe: NrqlProbe) -> None:
    nerdgraph.add("Load", minutes(3), host="i-0a")
    nerdgraph.messages = ["Results are incomplete"]
    with pytest.raises(Permanent, match="Results are incomplete"):
        await probe.read(rule(LOAD))


async def test_many_rules_at_once_stay_within_what_a_user_may_ask(nerdgraph: NerdGraph, clients: SharedClients) -> None:
    nerdgraph.add("Load", minutes(3), host="i-0a")
    probes = [probe_of(nerdgraph.url, clients) for _ in range(40)]
    found = await asyncio.gather(*(one.read(rule(LOAD)) for one in probes))
    assert all(isinstance(answers["i-0a"], Signal) for answers in found)
    assert nerdgraph.in_the_air < MOST_AT_ONCE


async def test_a_long_span_is_read_within_the_most_buckets(nerdgraph: NerdGraph, probe: NrqlProbe) -> None:
    nerdgraph.add("Load", minutes(*[1] * 400), host="i-0a")
    request = rule({"query": LOAD, "period": "60s"}, for_seconds=600.0)
    long = ProbeRequest(request.condition, request.inventory, request.instances, NOW, NOW - timedelta(days=1))
    assert len(values((await probe.read(long))["i-0a"])) == 366


# --- one that answers badly ------------------------------------------------------------------------------------------


def answer(*results: object, **metadata: object) -> dict[str, Any]:
    nrql = {"results": list(results), "metadata": {"facets": ["host"], "messages": [], **metadata}}
    return {"data": {"actor": {"account": {"nrql": nrql}}}}


GOOD = {
    "facet": "i-0a", "host": "i-0a", "value": 1, "repaveEvents": 1,
    "beginTimeSeconds": NOW.timestamp() - 60, "endTimeSeconds": NOW.timestamp(),
}  # fmt: skip
ODD: list[object] = [
    None,
    [],
    {},
    {"data": None},
    {"data": {"actor": {"account": None}}},
    {"data": {"actor": {"account": {"nrql": None}}}},
    {"errors": "no list"},
    {"errors": [None]},
    answer(GOOD, facets="host"),
    answer(GOOD, facets=[1]),
    *(
        answer(row)
        for row in (
            None,
            {},
            {**GOOD, "value": "much"},
            {**GOOD, "value": True},
            {**GOOD, "value": [1]},
            {**GOOD, "endTimeSeconds": None},
            {**GOOD, "endTimeSeconds": "now"},
            {**GOOD, "endTimeSeconds": 1e300},
            {**GOOD, "endTimeSeconds": float("nan")},
            {**GOOD, "repaveEvents": None},
            {key: value for key, value in GOOD.items() if key != "repaveEvents"},
        )
    ),
    answer(GOOD, {**GOOD, "value": 2}),
]


@pytest.mark.parametrize("content", ODD, ids=range(len(ODD)))
async def test_an_answer_that_makes_no_sense_is_an_error_for_all(
    source: FakeHttp, clients: SharedClients, content: object
) -> None:
    source.says(says(content))
    with pytest.raises(PlatformError):
        await probe_of(source.url, clients).read(rule(LOAD))


async def test_a_bucket_without_a_number_is_a_gap(source: FakeHttp, clients: SharedClients) -> None:
    source.says(says(answer({**GOOD, "value": None})))
    assert "no row" in reason((await probe_of(source.url, clients).read(rule(LOAD)))["i-0a"])


async def test_without_its_source_it_says_so(clients: SharedClients) -> None:
    with pytest.raises(Permanent, match="not configured"):
        await PROBE.build(None, None, clients).read(rule(LOAD))


@pytest.mark.parametrize(("region", "host"), [("us", "api.newrelic.com"), ("eu", "api.eu.newrelic.com")])
def test_the_region_says_where(region: str, host: str) -> None:
    options = NewRelicOptions.model_validate({"account": 1, "api_key": {"env": "X"}, "region": region})
    assert options.place().url == f"https://{host}/graphql"
