"""Whatever a source answers, over a real socket: no body condemns anybody, and none breaks a probe."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.app.clients import SharedClients
from controller.domain.errors import PlatformError
from controller.domain.model import Signal, Unknown
from controller.domain.ports import Probe, ProbeRequest
from probes._newrelic import NewRelicOptions
from probes._prometheus import PrometheusOptions
from probes.nrql import PROBE as NRQL
from probes.nrql import NrqlOptions
from probes.promql import PROBE as PROMQL
from probes.promql import PromqlOptions
from tests.clients.fake_aws import VirtualClock
from tests.clients.fake_http import FakeHttp
from tests.probes.asking import asking
from tests.probes.fleet import NOW, instance
from tests.support.answering import Says

FLEET = (instance("i-0a", names=("web-a",)), instance("i-0b"))
QUESTIONS: dict[str, ProbeRequest] = {
    "promql": asking(PromqlOptions.model_validate("up"), *FLEET),
    "nrql": asking(NrqlOptions.model_validate("SELECT max(x) AS value FROM T FACET host"), *FLEET, probe="nrql"),
}
GOOD: dict[str, Any] = {
    "promql": {
        "status": "success",
        "data": {"resultType": "vector", "result": [{"metric": {"host": "web-a"}, "value": [NOW.timestamp(), "1"]}]},
    },
    "nrql": {
        "data": {
            "actor": {
                "account": {
                    "nrql": {
                        "metadata": {"facets": ["host"], "messages": []},
                        "results": [
                            {"facet": "web-a", "endTimeSeconds": NOW.timestamp(), "repaveEvents": 1, "value": 1}
                        ],
                    }
                }
            }
        }
    },
}


@dataclass
class Stage:
    """A source and a probe of each kind, on one event loop."""

    runner: asyncio.Runner
    source: FakeHttp
    probes: dict[str, Probe]

    def ask(self, kind: str, answer: Says) -> dict[str, Signal | Unknown] | PlatformError:
        """What the probe gives, or the error it may raise."""
        self.source.says(answer)
        try:
            return dict(self.runner.run(self._read(kind)))
        except PlatformError as error:
            return error

    async def _read(self, kind: str) -> Any:
        return await self.probes[kind].read(QUESTIONS[kind])


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_KEY", "throw-away")
        source, clients = FakeHttp(), SharedClients(VirtualClock(NOW))
        runner.run(source.__aenter__())
        new_relic = {"account": 1, "api_key": {"env": "SOURCE_KEY"}, "url": source.url, "lag": "0s"}
        probes = {
            "promql": PROMQL.build(PrometheusOptions.model_validate({"url": source.url}), None, clients),
            "nrql": NRQL.build(NewRelicOptions.model_validate(new_relic), None, clients),
        }
        yield Stage(runner, source, probes)
        runner.run(clients.aclose())
        runner.run(source.__aexit__(None, None, None))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@st.composite
def spoiled(draw: st.DrawFn, good: Any) -> Any:
    """A good answer with one of its values, wherever it is, replaced by something else or taken away."""
    whole = json.loads(json.dumps(good))
    here = whole
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = draw(st.sampled_from(keys))
        inner = here[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            break
        here = inner
    if draw(st.booleans()):
        here[key] = draw(JSON)
    else:
        del here[key]
    return whole


def honest(found: dict[str, Signal | Unknown] | PlatformError) -> None:
    """An error in our words, or an answer for each instance whose reasons can be shown and whose values are numbers."""
    if isinstance(found, PlatformError):
        assert str(found).isprintable()
        return
    assert found.keys() == {"i-0a", "i-0b"}
    for answer in found.values():
        if isinstance(answer, Signal):
            assert all(isinstance(reading.value, float) for reading in answer.readings)
            assert all(reading.measured_at <= NOW for reading in answer.readings)
        else:
            assert answer.reason.isprintable()


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_good_answer_is_a_reading(stage: Stage, kind: str) -> None:
    found = stage.ask(kind, Says(json.dumps(GOOD[kind])))
    assert isinstance(found, dict)
    assert isinstance(found["i-0a"], Signal)


@pytest.mark.parametrize("kind", QUESTIONS)
@settings(deadline=None, max_examples=60)
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_an_error_or_tells_nothing(stage: Stage, kind: str, body: bytes) -> None:
    found = stage.ask(kind, Says(body))
    honest(found)
    assert isinstance(found, PlatformError) or not [one for one in found.values() if isinstance(one, Signal)]


@pytest.mark.parametrize("kind", QUESTIONS)
@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_a_good_answer_that_was_spoiled_is_never_taken_for_more(stage: Stage, kind: str, data: st.DataObject) -> None:
    honest(stage.ask(kind, Says(json.dumps(data.draw(spoiled(GOOD[kind]))))))


@pytest.mark.parametrize("kind", QUESTIONS)
@settings(deadline=None, max_examples=40)
@given(cut=st.integers(1, 400))
def test_an_answer_that_was_cut_is_no_answer(stage: Stage, kind: str, cut: int) -> None:
    body = json.dumps(GOOD[kind])
    assert isinstance(stage.ask(kind, Says(body[: min(cut, len(body) - 1)])), PlatformError)


HARD = {
    "short of its length": Says(json.dumps(GOOD["promql"]), short=True),
    "reset": Says(reset=True),
    "html": Says("<html>", kind="text/html"),
    "json by another name": Says(json.dumps(GOOD["promql"]), kind="text/plain"),
    "deep": Says('{"data": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "over the limit": Says(b'"' + b"x" * (16 * 1024**2) + b'"'),
    "a redirect": Says(status=302, headers={"Location": "/elsewhere"}),
}


@pytest.mark.parametrize("kind", QUESTIONS)
@pytest.mark.parametrize("name", HARD)
def test_what_is_no_whole_json_of_a_sensible_size_is_an_error(stage: Stage, kind: str, name: str) -> None:
    assert isinstance(stage.ask(kind, HARD[name]), PlatformError)
