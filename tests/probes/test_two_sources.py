"""The same group seen through a real Prometheus and through NerdGraph: the same verdicts, judged by the real judge."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from controller.app.clients import SharedClients
from controller.decide.judge import judge
from controller.domain.coverage import Readings
from controller.domain.policy import Above, Below, Cause, Condition, Missing
from controller.domain.ports import Probe, ProbeRequest
from controller.domain.verdict import EvidenceOutcome
from probes._newrelic import NewRelicOptions
from probes._prometheus import PrometheusOptions
from probes.nrql import PROBE as NRQL
from probes.nrql import NrqlOptions
from probes.promql import PROBE as PROMQL
from probes.promql import PromqlOptions
from tests.probes.fleet import NOW
from tests.probes.nerdgraph import ACCOUNT, KEY, NerdGraph
from tests.support.builders import instance, policy, snapshot
from tests.support.prometheus import Points, RealPrometheus

OK, BREACHED, UNKNOWN = (outcome.value for outcome in EvidenceOutcome)
FOUND = "found"


@dataclass(frozen=True)
class Case:
    """How a host behaves, oldest first: runs of (minutes, value), None for silence and NaN for no number. also: what it
    says under a second name at the same time. expected: the outcome above 5 for 20 minutes, and below 5."""

    runs: tuple[tuple[int, float | None], ...]
    above: str
    below: str
    also: tuple[tuple[int, float | None], ...] = ()


CASES = {
    "healthy": Case(((60, 1.0),), OK, FOUND),
    "breaching": Case(((60, 9.0),), FOUND, OK),
    "recovered": Case(((50, 9.0), (10, 1.0)), OK, BREACHED),
    "just-begun": Case(((50, 1.0), (10, 9.0)), BREACHED, OK),
    "a-dip-between": Case(((45, 9.0), (5, 1.0), (10, 9.0)), BREACHED, OK),
    "gap": Case(((44, 9.0), (12, None), (4, 9.0)), BREACHED, OK),
    "not-a-number": Case(((60, float("nan")),), UNKNOWN, UNKNOWN),
    "no-number-now": Case(((45, 9.0), (15, float("nan"))), UNKNOWN, UNKNOWN),
    "absent": Case((), UNKNOWN, UNKNOWN),
    "dead-exporter": Case(((40, 9.0), (20, None)), UNKNOWN, UNKNOWN),
    "dead-and-was-healthy": Case(((40, 1.0), (20, None)), UNKNOWN, UNKNOWN),
    "two-that-agree": Case(((60, 9.0),), FOUND, OK, also=((60, 9.0),)),
    "two-that-differ": Case(((60, 9.0),), UNKNOWN, UNKNOWN, also=((60, 1.0),)),
}
MEMBERS = tuple(instance(name, names=(f"{name}.example.org",)) for name in CASES)


def points(runs: tuple[tuple[int, float | None], ...]) -> Points:
    """A value twice a minute, the last of them half a minute before NOW."""
    found, at = [], NOW - timedelta(minutes=sum(minutes for minutes, _ in runs))
    for minutes, value in runs:
        if value is not None:
            found += [(at + timedelta(seconds=30 * half), value) for half in range(2 * minutes)]
        at += timedelta(minutes=minutes)
    return found


@pytest.fixture
async def both(
    prometheus: RealPrometheus, clients: SharedClients, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, Probe]]:
    """The same group in both sources, and a probe of each."""
    monkeypatch.setenv("NEW_RELIC_API_KEY", KEY)
    async with NerdGraph() as nerdgraph:
        for name, case in CASES.items():
            for called, runs in ((name, case.runs), (f"{name}.example.org:9100", case.also)):
                await prometheus.write(({"__name__": "load", "host": called}, points(runs)))
                await prometheus.write(({"__name__": "beat", "host": called}, [(at, 1.0) for at, _ in points(runs)]))
                _emit(nerdgraph, called, points(runs))
        options = {"account": ACCOUNT, "api_key": {"env": "NEW_RELIC_API_KEY"}, "url": nerdgraph.url, "lag": "0s"}
        yield {
            "promql": PROMQL.build(PrometheusOptions.model_validate({"url": prometheus.url}), None, clients),
            "nrql": NRQL.build(NewRelicOptions.model_validate(options), None, clients),
        }


def _emit(nerdgraph: NerdGraph, host: str, emitted: Points) -> None:
    """New Relic has no NaN: an event whose attribute is missing is what an agent sends in its place."""
    for at, value in emitted:
        known = {"value": value} if value == value else {}  # noqa: PLR0124 - NaN alone differs from itself
        nerdgraph.events.append({"eventType": "Load", "timestamp": at.timestamp(), "host": host, **known})


ASKED: dict[str, Any] = {
    "promql": PromqlOptions.model_validate({"query": "load", "step": "60s"}),
    "nrql": NrqlOptions.model_validate(
        {"query": "SELECT average(value) AS value FROM Load FACET host", "period": "60s"}
    ),
}
FILTERED: dict[str, Any] = {
    "promql": PromqlOptions.model_validate({"query": "load > 5", "alive": "beat", "step": "60s"}),
    "nrql": NrqlOptions.model_validate(
        {
            "query": "SELECT max(value) AS value FROM Load WHERE value > 5 FACET host",
            "alive": "SELECT count(*) FROM Load FACET host",
            "period": "60s",
        }
    ),
}


async def outcomes(probe: Probe, condition: Condition) -> dict[str, str]:
    """What the judge makes of each instance: ok, breached, found or unknown."""
    seen = snapshot(MEMBERS)
    answers = await probe.read(ProbeRequest(condition, seen.inventory, MEMBERS, NOW))
    assert isinstance(answers, Readings)
    signals = {(member.id, condition.name): answers[member.id] for member in MEMBERS}
    judged = judge(replace(seen, signals=signals), policy(condition))
    evidence = {name: verdict.evidence[0] for name, verdict in judged.verdicts.items()}
    return {name: FOUND if item.found else item.outcome.value for name, item in evidence.items()}


@pytest.mark.parametrize("kind", ["promql", "nrql"])
async def test_each_host_is_judged_as_it_behaves(both: dict[str, Probe], kind: str) -> None:
    for threshold, expected in (
        (Above(5), {name: case.above for name, case in CASES.items()}),
        (Below(5), {name: case.below for name, case in CASES.items()}),
    ):
        condition = Condition(
            "load", Cause.DEGRADED, kind, threshold, ASKED[kind], source=kind, for_seconds=1200, history=True
        )
        assert await outcomes(both[kind], condition) == expected


@pytest.mark.parametrize("kind", ["promql", "nrql"])
async def test_who_is_not_named_by_a_filter_is_fine_only_if_alive(both: dict[str, Probe], kind: str) -> None:
    condition = Condition(
        "load", Cause.DEGRADED, kind, Above(5), FILTERED[kind], source=kind, for_seconds=1200, history=True
    )
    plain = await outcomes(both[kind], condition)
    zero = await outcomes(both[kind], replace(condition, missing=Missing.ZERO))
    assert (plain["healthy"], zero["healthy"]) == (UNKNOWN, OK)
    assert (plain["breaching"], zero["breaching"]) == (FOUND, FOUND)
    for dead in ("absent", "dead-exporter", "dead-and-was-healthy"):
        assert (plain[dead], zero[dead]) == (UNKNOWN, UNKNOWN), dead
    assert zero["recovered"] == OK
    assert zero["just-begun"] == BREACHED
