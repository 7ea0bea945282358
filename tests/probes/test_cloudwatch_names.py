"""What series are called between us and CloudWatch, and whom an answer speaks for."""

import re

import pytest

from controller.clients.aws import Aws
from controller.domain.model import Unknown
from probes.cloudwatch import PROBE, Cloudwatch
from tests.clients.fake_aws import FakeAws, ok_json
from tests.probes.cloudwatch_asked import OPERATION, look, minutes, page, row
from tests.probes.fleet import OneClient


@pytest.fixture
def probe(aws: Aws, endpoint: FakeAws) -> Cloudwatch:
    endpoint.says("ListMetrics", ok_json({"Metrics": []}))
    built = PROBE.build(None, None, OneClient(aws))
    assert isinstance(built, Cloudwatch)
    return built


async def test_an_answer_to_another_question_speaks_for_nobody_else(probe: Cloudwatch, endpoint: FakeAws) -> None:
    replayed = page(row("i-0a", **minutes(99, 99)), row("i-0b", **minutes(1, 1)))
    endpoint.says(OPERATION, replayed)
    first, second = await look(probe, "i-0b", "i-0c")
    assert [reading.value for reading in first.readings] == [1, 1]
    assert isinstance(second, Unknown)


async def test_what_instances_are_called_in_a_question_is_theirs_alone_and_allowed(
    probe: Cloudwatch, endpoint: FakeAws
) -> None:
    endpoint.says(OPERATION, page())
    odd = ("a-b", "a_b", "a.b", "_", "a_2db", "i-0A", "i-0a", "é")
    await look(probe, *odd)
    names = [query["Id"] for query in endpoint.requests[0].parameters["MetricDataQueries"]]
    assert len(set(names)) == len(odd)
    assert all(re.fullmatch("[a-z][a-zA-Z0-9_]{0,254}", name) for name in names)
