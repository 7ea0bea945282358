"""cloudwatch at the wire: odd answers, late points, large fleets."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from controller.clients.aws import Aws
from controller.domain.errors import Denied, Permanent, Transient
from controller.domain.model import Signal, Unknown
from probes.cloudwatch import PROBE, Cloudwatch
from tests.clients.fake_aws import Answer, FakeAws, Request, ok_json, refusal_json
from tests.probes.cloudwatch_asked import DISK, OPERATION, look, minutes, page, question, row
from tests.probes.fleet import NOW, OneClient


@pytest.fixture
def endpoint(endpoint: FakeAws) -> FakeAws:
    endpoint.says("ListMetrics", ok_json({"Metrics": []}))
    return endpoint


@pytest.fixture
def probe(aws: Aws) -> Cloudwatch:
    built = PROBE.build(None, None, OneClient(aws))
    assert isinstance(built, Cloudwatch)
    return built


def spans(requests: Sequence[Request]) -> list[tuple[float, float]]:
    """From when to when each call asked, in seconds before NOW."""
    return [tuple(NOW.timestamp() - one.parameters[name] for name in ("StartTime", "EndTime")) for one in requests]


async def test_every_reading_of_the_span_by_the_sources_own_times(probe: Cloudwatch, endpoint: FakeAws) -> None:
    endpoint.says(OPERATION, page(row(**minutes(91, 92.5, 93))))
    signal = await look(probe)
    assert [reading.value for reading in signal.readings] == [91, 92.5, 93]
    assert signal.latest.measured_at == NOW - timedelta(seconds=60)
    assert (signal.period_seconds, signal.lag_seconds) == (60, 120)
    assert signal.query == "cloudwatch CWAgent disk_used_percent{InstanceId=i-0a,path=/} Maximum of 1m"
    (asked,) = endpoint.requests
    (query,) = asked.parameters["MetricDataQueries"]
    metric = query["MetricStat"].pop("Metric")
    assert query == {"Id": "of_i_2d0a", "MetricStat": {"Period": 60, "Stat": "Maximum"}, "ReturnData": True}
    assert metric["Dimensions"] == [{"Name": "path", "Value": "/"}, {"Name": "InstanceId", "Value": "i-0a"}]
    assert spans([asked]) == [(300 + 120 + 3 * 60, 0)]


async def test_a_period_that_is_not_over_is_not_read(probe: Cloudwatch, endpoint: FakeAws) -> None:
    endpoint.says(OPERATION, page(row(**minutes(1, 2))))
    await look(probe, at=NOW + timedelta(seconds=59.9), lag="0s", for_seconds=0)
    assert spans(endpoint.requests) == [(180, 0)]


async def test_points_outside_of_the_question_and_out_of_order_do_no_harm(probe: Cloudwatch, endpoint: FakeAws) -> None:
    times = [NOW.timestamp() - 60 * ago for ago in (1, 3, 2, 0, 400)]
    endpoint.says(OPERATION, page(row(Timestamps=times, Values=[1, 3, 2, 99, 99])))
    assert [reading.value for reading in (await look(probe)).readings] == [3, 2, 1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (page(row(status="PartialData", **minutes(99, 99, 99))), "only a part"),
        (page(row(status="InternalError", **minutes(99))), "InternalError"),
        (page(row(status="Forbidden")), "forbids"),
        (page(row(status="Sleepy", **minutes(99))), "says Sleepy"),
        (page(row(**minutes(99), Messages=[{"Code": "Expired", "Value": "some are gone"}])), "Expired some are gone"),
        (page(row(**minutes(99)), Messages=[{"Code": "MaxMetricsExceeded"}]), "MaxMetricsExceeded"),
        (page(row("i-0b", **minutes(99))), "left this series out"),
        (page(), "left this series out"),
        (page(row(Timestamps=[NOW.timestamp() - 60], Values=[])), "1 times and 0 values"),
        (page(row(Timestamps=[NOW.timestamp() - 60], Values=["many"])), "no number"),
        (Answer(str(page(row(**minutes(7))).body).replace("[7]", "[NaN]")), "not a number"),
        (page(row()), "no point from 11:50:00 to 12:00:00 UTC; no disk_used_percent is published for it in CWAgent"),
    ],
)
async def test_what_is_not_whole_is_unknown(probe: Cloudwatch, endpoint: FakeAws, answer: Answer, reason: str) -> None:
    endpoint.says(OPERATION, answer)
    found = await look(probe)
    assert isinstance(found, Unknown)
    assert reason in found.reason
    assert "disk_used_percent" in found.query


async def test_a_doubt_about_one_series_is_not_a_doubt_about_the_others(probe: Cloudwatch, endpoint: FakeAws) -> None:
    endpoint.says(OPERATION, page(row("i-0a", "Forbidden"), row("i-0b", **minutes(50))))
    first, second = await look(probe, "i-0a", "i-0b")
    assert isinstance(first, Unknown)
    assert second.latest.value == 50


async def test_pages_are_put_together(probe: Cloudwatch, endpoint: FakeAws) -> None:
    early, late = minutes(1, 2, until=NOW - timedelta(seconds=120)), minutes(3, 4)
    endpoint.says(OPERATION, page(row(status="PartialData", **early), NextToken="t"), page(row(**late)))
    assert [reading.value for reading in (await look(probe)).readings] == [1, 2, 3, 4]
    assert [one.parameters.get("NextToken") for one in endpoint.requests] == [None, "t"]


async def test_pages_without_an_end_are_an_error(probe: Cloudwatch, endpoint: FakeAws) -> None:
    endpoint.says(OPERATION, page(row(status="PartialData"), NextToken="t"))
    with pytest.raises(Permanent):
        await look(probe)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer('{"MetricDataResults": [{"Id": "of_i_2d0a", "Stat'), Transient),
        (Answer("<html>welcome to the hotel</html>"), Transient),
        (Answer("[]"), Transient),
        (Answer(""), Transient),
        (ok_json({}), Transient),
        (refusal_json(403, "AccessDenied"), Denied),
        (refusal_json(400, "ValidationError", "no such statistic"), Permanent),
    ],
)
async def test_what_is_no_answer_is_an_error(
    probe: Cloudwatch, endpoint: FakeAws, answer: Answer, kind: type[Exception]
) -> None:
    endpoint.says(OPERATION, answer)
    with pytest.raises(kind):
        await look(probe)
    assert len(endpoint.requests) <= 3


async def test_only_what_may_have_changed_is_read_again(probe: Cloudwatch, endpoint: FakeAws) -> None:
    endpoint.says(OPERATION, page(row(**minutes(*range(10)))))
    await look(probe)
    later = NOW + timedelta(seconds=60)
    corrected = minutes(60, 70, 80, 90, 100, until=later)
    endpoint.says(OPERATION, page(row(**corrected)))
    signal = await look(probe, at=later)
    assert [reading.value for reading in signal.readings] == [1, 2, 3, 4, 5, 60, 70, 80, 90, 100]
    assert spans(endpoint.requests)[1] == (120 + 2 * 60, -60)


async def test_a_hole_is_read_again_as_a_whole_and_a_late_point_fills_it(probe: Cloudwatch, endpoint: FakeAws) -> None:
    holed, whole = minutes(*range(10)), minutes(*range(1, 11), until=NOW + timedelta(seconds=60))
    for key in ("Timestamps", "Values"):
        del holed[key][2]
    endpoint.says(OPERATION, page(row(**holed)), page(row(**whole)))
    assert len((await look(probe)).readings) == 9
    signal = await look(probe, at=NOW + timedelta(seconds=60))
    assert [reading.value for reading in signal.readings] == list(range(1, 11))
    assert spans(endpoint.requests)[1] == (540, -60)


async def test_after_a_doubt_the_whole_span_is_read(probe: Cloudwatch, endpoint: FakeAws) -> None:
    whole = minutes(*range(10))
    doubtful = page(row(status="InternalError", **minutes(99)))
    endpoint.says(OPERATION, page(row(**whole)), doubtful, page(row(**whole)))
    await look(probe)
    assert isinstance(await look(probe), Unknown)
    assert len((await look(probe)).readings) == 10
    assert [int(start) for start, _ in spans(endpoint.requests)] == [600, 240, 600]


async def test_asked_about_the_past_it_answers_as_it_would_have_then(probe: Cloudwatch, endpoint: FakeAws) -> None:
    past = NOW - timedelta(hours=2)
    endpoint.says(OPERATION, page(row(**minutes(*range(10)))), page(row(**minutes(*range(50, 60), until=past))))
    await look(probe)
    then = await look(probe, at=past)
    assert [reading.value for reading in then.readings] == list(range(50, 60))
    await look(probe, at=NOW)
    assert [int(start) for start, _ in spans(endpoint.requests)] == [600, 7800, 240], "and what is newer is kept"


async def test_newcomers_are_read_whole_beside_old_ones_and_the_gone_are_forgotten(
    probe: Cloudwatch, endpoint: FakeAws
) -> None:
    whole = minutes(*range(10))
    endpoint.says(OPERATION, page(row("i-0a", **whole), row("i-0b", **whole)))
    await look(probe, "i-0a")
    await look(probe, "i-0a", "i-0b")
    assert [int(start) for start, _ in spans(endpoint.requests)] == [600, 600, 240]
    await look(probe, "i-0b")
    await look(probe, "i-0a")
    assert [int(start) for start, _ in spans(endpoint.requests)][3:] == [240, 600]


async def test_a_large_fleet_is_asked_about_in_batches_that_are_not_cut_off(
    probe: Cloudwatch, endpoint: FakeAws
) -> None:
    ids = [f"i-{number:04x}" for number in range(1200)]
    endpoint.says(OPERATION, *(page(*(row(one, **minutes(1)) for one in ids[at : at + 500])) for at in (0, 500, 1000)))
    assert all(isinstance(found, Signal) for found in await look(probe, *ids))
    assert [len(one.parameters["MetricDataQueries"]) for one in endpoint.requests] == [500, 500, 200]
    named = [
        query["MetricStat"]["Metric"]["Dimensions"][1]["Value"]
        for one in endpoint.requests
        for query in one.parameters["MetricDataQueries"]
    ]
    assert named == ids


async def test_a_long_span_makes_smaller_batches_and_an_endless_one_is_refused(
    probe: Cloudwatch, endpoint: FakeAws
) -> None:
    ids = [f"i-{number}" for number in range(30)]
    endpoint.says(OPERATION, page(*(row(one, **minutes(1)) for one in ids)))
    await look(probe, *ids, for_seconds=7 * 86_400)
    sizes = [len(one.parameters["MetricDataQueries"]) for one in endpoint.requests]
    assert sum(sizes) == 30
    assert max(sizes) * (7 * 1440 + 6) <= 100_800
    with pytest.raises(Permanent, match="longer period"):
        await look(probe, period="1s", for_seconds=2 * 86_400)


async def test_a_fleets_own_metric_names_no_instance(probe: Cloudwatch, endpoint: FakeAws) -> None:
    endpoint.says(OPERATION, page({**row(**minutes(3, 4)), "Id": "fleet"}))
    signal = await probe.read_fleet(question())
    assert isinstance(signal, Signal)
    assert signal.latest.value == 4
    assert endpoint.requests[0].parameters["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "path", "Value": "/"}
    ]
    endpoint.says(OPERATION, page(row(status="Forbidden")))
    assert isinstance(await probe.read_fleet(question()), Unknown)


async def test_what_is_published_otherwise_is_said_so_once_in_a_while(probe: Cloudwatch, endpoint: FakeAws) -> None:
    dimensions = [{"Name": name, "Value": "x"} for name in ("path", "device", "fstype", "InstanceId")]
    endpoint.says(OPERATION, page(row("i-0a"), row("i-0b")))
    endpoint.says("ListMetrics", ok_json({"Metrics": [{"Dimensions": dimensions}]}))
    for found in await look(probe, "i-0a", "i-0b"):
        assert found.reason.endswith(
            "published with other dimensions (device, fstype, path): name them under `dimensions`"
        )
    await look(probe, "i-0a", "i-0b", at=NOW + timedelta(seconds=540))
    assert len(endpoint.asked("ListMetrics")) == 2
    await look(probe, "i-0a", "i-0b", at=NOW + timedelta(seconds=660))
    assert len(endpoint.asked("ListMetrics")) == 4


async def test_the_reasons_of_a_whole_fleet_are_not_asked_for_at_once(probe: Cloudwatch, endpoint: FakeAws) -> None:
    names = [f"i-{number}" for number in range(8)]
    endpoint.says(OPERATION, page(*(row(one) for one in names)))
    reasons = [found.reason for found in await look(probe, *names)]
    assert sum("is its agent running?" in reason for reason in reasons) == len(endpoint.asked("ListMetrics")) == 5
    reasons = [found.reason for found in await look(probe, *names, at=NOW + timedelta(seconds=30))]
    assert all("is its agent running?" in reason for reason in reasons)
    assert len(endpoint.asked("ListMetrics")) == 8


@pytest.mark.parametrize("answer", [refusal_json(403, "AccessDenied"), Answer('{"Metrics": ['), Answer("")])
async def test_that_the_list_of_metrics_cannot_be_read_is_no_fault_and_no_absence(
    probe: Cloudwatch, endpoint: FakeAws, answer: Answer
) -> None:
    endpoint.says(OPERATION, page(row()))
    endpoint.says("ListMetrics", answer)
    assert "device, fstype and path" in (await look(probe)).reason


@pytest.mark.parametrize(
    ("period", "days", "reason"),
    [("1s", 1, "of 1s for 3 hours"), ("1m", 16, "of 1m for 15 days"), ("5m", 64, "for 63 days"), ("1m", 14, "running")],
)
async def test_what_cloudwatch_keeps_no_more_is_said_so(
    probe: Cloudwatch, endpoint: FakeAws, period: str, days: int, reason: str
) -> None:
    endpoint.says(OPERATION, page(row()))
    assert reason in (await look(probe, at=NOW - timedelta(days=days), period=period)).reason


@pytest.mark.parametrize("stat", ["Average", "SampleCount", "p99", "p99.9", "p100", "tm90", "TM(10%:90%)", "PR(:300)"])
def test_statistics_as_cloudwatch_spells_them(stat: str) -> None:
    assert PROBE.options.model_validate({**DISK, "stat": stat}).stat == stat


@pytest.mark.parametrize(
    "wrong",
    [
        {"stat": "maximum"},
        {"stat": "P99"},
        {"stat": "p101"},
        {"stat": "TM(:)"},
        {"period": "90s"},
        {"period": "0s"},
        {"period": "2"},
        {"period": 60},
        {"period": "0.5s"},
        {"namespace": ":x"},
        {"dimensions": {"InstanceId": "i-0a"}},
        {"dimensions": {f"d{number}": "x" for number in range(30)}},
        {"metric": ""},
    ],
)
def test_what_cloudwatch_would_refuse_is_refused_before(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PROBE.options.model_validate({**DISK, **wrong})


def test_a_near_miss_is_named() -> None:
    with pytest.raises(ValidationError, match="write `Maximum`"):
        PROBE.options.model_validate({**DISK, "stat": "maximum"})


def test_options_survive_the_journal() -> None:
    options = PROBE.options.model_validate({**DISK, "period": "5m", "lag": "90s"})
    again = PROBE.options.model_validate(json.loads(options.model_dump_json()))
    assert again == options
    assert (options.period_seconds, options.lag_seconds) == (300, 90)
