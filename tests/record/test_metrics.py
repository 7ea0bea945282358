"""Read back with Prometheus' own parser."""

from datetime import timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from controller.domain.laps import Lap
from controller.domain.lifecycle import Kind, Step
from controller.domain.memory import Memory
from controller.domain.ports import TickRecord
from controller.domain.replacement import Replacement, fold
from controller.record.delivery import Counts
from controller.record.metrics import Metrics, View
from tests.record import stories

VETOES = [{"rule": "protected", "reason": "r", "needs": "person"}, {"rule": "window", "reason": "r", "needs": "world"}]
INSTANCES: list[dict[str, Any]] = [
    {"id": "i-1", "verdict": "healthy", "decision": "keep", "vetoes": []},
    {"id": "i-2", "verdict": "degraded", "decision": "replace", "vetoes": []},
    {"id": "i-3", "verdict": "aged", "decision": "hold", "vetoes": VETOES},
    {"id": "i-4", "verdict": "aged", "decision": "hold", "vetoes": [VETOES[0], VETOES[0]]},
]
REPORT = TickRecord("web", stories.START, "a sentence", Memory(), {"instances": INSTANCES})


def closed(replacement_id: str, fleet: str = "web", verdict: str = "aged") -> Replacement:
    story = stories.Story(replacement_id, fleet=fleet, verdict=verdict)
    story.then(75.0, Kind.FAILED, Step.LAUNCH, reason="no", error_type="deadline", outcome="failed")
    story.then(5.0, Kind.UNDONE, Step.LAUNCH)
    return fold(story.then(0.0, Kind.CLOSED, outcome="failed", reason="no").events)


def opened(replacement_id: str = "r-open") -> Replacement:
    return fold(stories.Story(replacement_id).then(1.0, Kind.STARTED, Step.LAUNCH).events)


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """(name, label values in the order of their names) -> value."""
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_fleets_as_the_newest_tick_saw_them() -> None:
    metrics = Metrics("0.1.0", Counts())
    metrics.show(View(reports=[REPORT], leases={"web": True, "api": False}))
    found = samples(metrics)
    assert found["repave_fleet_instances", "web", "healthy"] == 1
    assert found["repave_fleet_instances", "web", "aged"] == 2
    assert found["repave_fleet_instances", "web", "blind"] == 0
    assert found["repave_fleet_holds", "web", "protected"] == 2
    assert found["repave_fleet_holds", "web", "window"] == 1
    assert found["repave_last_tick_timestamp_seconds", "web"] == stories.START.timestamp()
    assert (found["repave_lease_held", "web"], found["repave_lease_held", "api"]) == (1, 0)
    assert found["repave_build_info", "0.1.0"] == 1


def test_a_hold_that_is_over_is_gone() -> None:
    metrics = Metrics("0.1.0", Counts())
    metrics.show(View(reports=[REPORT]))
    metrics.show(View(reports=[TickRecord("web", stories.START, "", Memory(), {"instances": INSTANCES[:1]})]))
    assert not [key for key in samples(metrics) if key[0] == "repave_fleet_holds"]


def test_replacements_open_and_closed() -> None:
    metrics = Metrics("0.1.0", Counts())
    metrics.show(View(reports=[REPORT], replacements=[opened(), closed("r-1"), closed("r-2", "api", "degraded")]))
    found = samples(metrics)
    assert found["repave_replacements_in_flight", "web", "launching"] == 1
    assert found["repave_replacements_in_flight", "web", "draining"] == 0
    assert found["repave_replacements_total", "aged", "web", "failed"] == 1
    assert found["repave_replacements_total", "degraded", "api", "failed"] == 1
    assert found["repave_replacement_duration_seconds_bucket", "web", "60.0", "failed"] == 0
    assert found["repave_replacement_duration_seconds_bucket", "web", "120.0", "failed"] == 1
    assert found["repave_replacement_duration_seconds_bucket", "web", "+Inf", "failed"] == 1
    assert found["repave_replacement_duration_seconds_count", "web", "failed"] == 1
    assert found["repave_replacement_duration_seconds_sum", "web", "failed"] == 80.0


def test_totals_survive_a_restart_and_never_count_twice() -> None:
    """The first view after a start has everything; later ones only what is new. Totals never fall."""
    before = Metrics("0.1.0", Counts())
    before.show(View(replacements=[closed("r-1"), closed("r-2")]))
    before.show(View(replacements=[closed("r-2"), closed("r-3")]))
    after = Metrics("0.2.0", Counts())
    after.show(View(replacements=[closed("r-1"), closed("r-2"), closed("r-3")]))
    for metrics in (before, after):
        assert samples(metrics)["repave_replacements_total", "aged", "web", "failed"] == 3


def test_delivery_counts_as_it_stands_and_the_outbox() -> None:
    counts = Counts()
    metrics = Metrics("0.1.0", counts)
    metrics.show(View(outbox_pending=7))
    counts.delivered, counts.poisoned, counts.rejected, counts.expired, counts.failures = 5, 4, 3, 2, 1
    found = samples(metrics)
    assert found[("repave_outbox_pending",)] == 7
    assert found[("repave_spans_delivered_total",)] == 5
    assert found[("repave_spans_poisoned_total",)] == 4
    assert found[("repave_spans_rejected_total",)] == 3
    assert found[("repave_spans_expired_total",)] == 2
    assert found[("repave_delivery_failures_total",)] == 1


def test_how_long_ticks_take() -> None:
    metrics = Metrics("0.1.0", Counts())
    metrics.ticked("web", 0.2)
    metrics.ticked("web", 40.0)
    found = samples(metrics)
    assert found["repave_tick_duration_seconds_bucket", "web", "0.25"] == 1
    assert found["repave_tick_duration_seconds_bucket", "web", "60.0"] == 2
    assert found["repave_tick_duration_seconds_sum", "web"] == 40.2


def test_two_daemons_in_one_process_share_nothing() -> None:
    first, second = Metrics("1", Counts()), Metrics("2", Counts())
    first.ticked("web", 1.0)
    assert not [key for key in samples(second) if key[0].startswith("repave_tick")]


def test_odd_names_are_escaped() -> None:
    metrics = Metrics("0.1.0", Counts())
    metrics.show(View(replacements=[closed("r-1", fleet='we"b\nx\\')]))
    assert samples(metrics)["repave_replacements_total", "aged", 'we"b\nx\\', "failed"] == 1


def test_an_empty_state_is_text_too() -> None:
    assert b"repave_build_info" in Metrics("0.1.0", Counts()).text()


def test_looks_calls_and_probes() -> None:
    metrics = Metrics("0.1.0", Counts())
    metrics.came_out("web", "looked")
    metrics.came_out("web", "blocked")
    later = stories.START + timedelta(seconds=0.2)
    metrics.lapped("web", Lap(1, 0, "ec2.DescribeInstances", stories.START, later, is_call=True, error="Throttling"))
    metrics.lapped("web", Lap(2, 0, "probe", stories.START, later, facts={"rule": "disk filling"}))
    metrics.lapped("web", Lap(3, 0, "observe", stories.START, later))
    found = samples(metrics)
    assert found["repave_ticks_total", "web", "looked"] == found["repave_ticks_total", "web", "blocked"] == 1
    assert found["repave_api_call_duration_seconds_sum", "ec2.DescribeInstances", "Throttling"] == 0.2
    assert found["repave_probe_duration_seconds_count", "web", "ok", "disk filling"] == 1
    assert not [key for key in found if "observe" in key]
