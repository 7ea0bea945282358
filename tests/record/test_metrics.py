"""Read back with Prometheus' own parser."""

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.decide.standing import budgets_json
from controller.domain.laps import Lap
from controller.domain.lifecycle import Kind, Step
from controller.domain.memory import Memory
from controller.domain.ports import TickRecord
from controller.domain.replacement import Replacement, fold
from controller.record import catalogue
from controller.record.delivery import Counts
from controller.record.fleet_metrics import STOPS
from controller.record.metrics import Metrics, View
from tests.record import stories
from tests.simulation.daemon import RULES
from tests.support.builders import policy, snapshot

VETOES = [{"rule": "protected", "reason": "r", "needs": "person"}, {"rule": "window", "reason": "r", "needs": "world"}]
INSTANCES: list[dict[str, Any]] = [
    {"id": "i-1", "verdict": "healthy", "decision": "keep", "vetoes": []},
    {"id": "i-2", "verdict": "degraded", "decision": "replace", "vetoes": []},
    {"id": "i-3", "verdict": "aged", "decision": "hold", "vetoes": VETOES},
    {"id": "i-4", "verdict": "aged", "decision": "hold", "vetoes": [VETOES[0], VETOES[0]]},
]
REPORT = TickRecord("web", stories.START, "a sentence", Memory(), {"instances": INSTANCES})
POLICIES = {fleet: policy(fleet=fleet) for fleet in ("web", "api")}


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


def full() -> Metrics:
    """With a series of everything."""
    members = [{**item, "age_seconds": 60.0, "image": {"age_seconds": 60.0}} for item in INSTANCES]
    budgets = budgets_json(snapshot(), POLICIES["web"])
    report = TickRecord("web", stories.START, "", Memory(), {"instances": members, "budgets": budgets})
    metrics = Metrics("0.1.0", Counts())
    metrics.show(View([report], [opened(), closed("r-1")], POLICIES, {"web": True}, now=stories.START))
    metrics.configured("5d3c0a9b1f42", "3", stories.START, good=True)
    metrics.journal_is(up=True)
    metrics.ticked("web", 0.2)
    metrics.came_out("web", "looked", stories.START)
    later = stories.START + timedelta(seconds=0.2)
    metrics.lapped("web", Lap(1, 0, "ec2.DescribeInstances", stories.START, later, is_call=True))
    metrics.lapped("web", Lap(2, 0, "probe", stories.START, later, facts={"rule": "disk filling"}))
    return metrics


def test_fleets_as_the_newest_tick_saw_them() -> None:
    metrics = Metrics("0.1.0", Counts())
    metrics.show(View(policies=POLICIES, reports=[REPORT], leases={"web": True, "api": False}))
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
    metrics.show(View(policies=POLICIES, reports=[REPORT]))
    over = TickRecord("web", stories.START, "", Memory(), {"instances": INSTANCES[:1]})
    metrics.show(View(policies=POLICIES, reports=[over]))
    assert not [key for key in samples(metrics) if key[0] == "repave_fleet_holds"]


def test_replacements_open_and_closed() -> None:
    metrics = Metrics("0.1.0", Counts())
    metrics.show(
        View(
            policies=POLICIES,
            reports=[REPORT],
            replacements=[opened(), closed("r-1"), closed("r-2", "api", "degraded")],
        )
    )
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
    metrics.came_out("web", "looked", stories.START)
    metrics.came_out("web", "blocked", stories.START)
    later = stories.START + timedelta(seconds=0.2)
    metrics.lapped("web", Lap(1, 0, "ec2.DescribeInstances", stories.START, later, is_call=True, error="Throttling"))
    metrics.lapped("web", Lap(2, 0, "probe", stories.START, later, facts={"rule": "disk filling"}))
    metrics.lapped("web", Lap(3, 0, "observe", stories.START, later))
    found = samples(metrics)
    assert found["repave_ticks_total", "web", "looked"] == found["repave_ticks_total", "web", "blocked"] == 1
    assert found["repave_api_call_duration_seconds_sum", "ec2.DescribeInstances", "Throttling"] == 0.2
    assert found["repave_probe_duration_seconds_count", "web", "ok", "disk filling"] == 1
    assert not [key for key in found if "observe" in key]


def fleet_report(fleet: str = "web", **report: Any) -> TickRecord:
    return TickRecord(fleet, stories.START, "a sentence", Memory(), {"instances": [], **report})


def shown(**view: Any) -> dict[tuple[str, ...], float]:
    metrics = Metrics("0.1.0", Counts())
    metrics.show(View(policies=POLICIES, **view))
    return samples(metrics)


def test_what_is_configured_is_told_before_any_look() -> None:
    """An alert has to tell a fleet that was never looked at from one that there is not."""
    found = shown()
    assert found["repave_fleet_info", "web", "act", "world"] == 1
    assert found["repave_fleet_tick_interval_seconds", "web"] == 30
    assert found["repave_fleet_blind_limit_ratio", "api"] == 0.2
    assert ("repave_last_look_timestamp_seconds", "web") not in found


def test_a_fleet_that_left_the_configuration_is_only_counted() -> None:
    """Nobody looks at it any more, and nobody should be called because of that."""
    metrics = Metrics("0.1.0", Counts())
    metrics.came_out("old", "looked", stories.START)
    metrics.show(View(policies=POLICIES, reports=[fleet_report("old")], replacements=[closed("r-1", "old")]))
    found = samples(metrics)
    assert {key[0] for key in found if "old" in key} == {
        "repave_ticks_total", "repave_ticks_created", "repave_replacements_total", "repave_replacement_rules_total",
        "repave_replacement_failures_total", "repave_replacement_duration_seconds_bucket",
        "repave_replacement_duration_seconds_sum", "repave_replacement_duration_seconds_count",
    }  # fmt: skip


def test_the_last_look_is_the_newest_of_the_journals_and_our_own() -> None:
    """A standby tells the journal's; who cannot journal still looks."""
    metrics = Metrics("0.1.0", Counts())
    metrics.show(View(policies=POLICIES, reports=[REPORT]))
    last = "repave_last_look_timestamp_seconds", "web"
    assert samples(metrics)[last] == stories.START.timestamp()
    later = stories.START + timedelta(minutes=5)
    metrics.came_out("web", "blocked", later)
    metrics.came_out("web", "standby", later)
    assert samples(metrics)[last] == stories.START.timestamp()
    metrics.came_out("web", "looked", later)
    assert samples(metrics)[last] == later.timestamp()
    metrics.came_out("web", "looked", stories.START - timedelta(hours=1))
    assert samples(metrics)[last] == stories.START.timestamp()


def test_what_stops_a_fleet_is_told_by_its_rule_and_what_does_not_is_0() -> None:
    stopped = fleet_report("web", hold={"rule": "fleet_wide_fault", "reason": "4 of 9"}, breakers=[{"cause": "errors"}])
    found = shown(reports=[stopped, fleet_report("api", hold={"rule": "observe_mode", "reason": "observe"})])
    rules = {key[2]: value for key, value in found.items() if key[:2] == ("repave_fleet_stopped", "web")}
    assert rules.keys() == set(STOPS)
    assert {rule for rule, value in rules.items() if value} == {"breaker", "fleet_wide_fault"}
    assert found["repave_fleet_breakers_open", "web"] == 1
    assert found["repave_fleet_breakers_open", "api"] == 0
    assert found["repave_fleet_stopped", "api", "observe_mode"] == 1


def test_a_rule_that_stops_a_fleet_is_told_beside_the_one_that_the_look_names_first() -> None:
    """Else a guard would end the call about failures in a row, and mode observe the one about a quiet source."""
    vetoes = [{"rule": rule} for rule in ("hold_while", "source_quiet", "stop_after_failures", "window")]
    members = [{"decision": "hold", "vetoes": vetoes}]
    found = shown(reports=[fleet_report("web", hold={"rule": "hold_while", "reason": "busy"}, instances=members)])
    rules = {key[2] for key, value in found.items() if key[:2] == ("repave_fleet_stopped", "web") and value}
    assert rules == {"hold_while", "source_quiet", "stop_after_failures"}


def test_ages_are_the_oldest_and_the_median_of_what_is_known() -> None:
    ages = [(60.0, 3600.0), (120.0, None), (300.0, 7200.0), (None, 600.0)]
    members = [{"age_seconds": age, "image": {"age_seconds": image}} for age, image in ages]
    found = shown(reports=[fleet_report(instances=members), fleet_report("api")])
    assert found["repave_fleet_oldest_instance_age_seconds", "web"] == 300
    assert found["repave_fleet_median_instance_age_seconds", "web"] == 120
    assert found["repave_fleet_oldest_image_age_seconds", "web"] == 7200
    assert found["repave_fleet_median_image_age_seconds", "web"] == 3600
    assert not [key for key in found if "age_seconds" in key[0] and "api" in key and "fleet" in key[0]]


def test_budgets_of_a_fleet_and_those_over_all_by_the_newest_look() -> None:
    def budget(scope: str, used: int) -> dict[str, Any]:
        return {"limit": "replacements_per_hour", "scope": scope, "used": used, "allowed": 12}

    newer = TickRecord("api", stories.START + timedelta(seconds=1), "", Memory(), {"budgets": [budget("all", 3)]})
    found = shown(reports=[newer, fleet_report(budgets=[budget("fleet", 1), budget("all", 2)])])
    assert found["repave_fleet_budget_used", "web", "replacements_per_hour"] == 1
    assert found["repave_fleet_budget_limit", "web", "replacements_per_hour"] == 12
    assert found["repave_budget_used", "replacements_per_hour"] == 3
    assert found["repave_budget_limit", "replacements_per_hour"] == 12


def test_how_long_the_oldest_has_been_under_way_leaves_holds_out() -> None:
    story = stories.Story("r-1").then(10.0, Kind.STARTED, Step.LAUNCH).then(20.0, Kind.PAUSED, reason="held")
    now = stories.START + timedelta(hours=2)
    found = shown(replacements=[fold(story.events), opened("r-2")], now=now)
    assert found["repave_replacements_held", "web"] == 1
    assert found["repave_replacement_open_age_seconds", "web"] == 7200
    held_alone = shown(replacements=[fold(story.events)], now=now)
    assert held_alone["repave_replacement_open_age_seconds", "web"] == 30
    again = fold(story.then(3600.0, Kind.RESUMED).events)
    assert shown(replacements=[again], now=now)["repave_replacement_open_age_seconds", "web"] == 3600
    assert shown(now=now)["repave_replacement_open_age_seconds", "web"] == 0


def test_totals_begin_at_0_so_that_the_first_is_an_increase() -> None:
    found = shown()
    assert found["repave_replacements_total", "aged", "web", "replaced"] == 0
    assert found["repave_replacement_duration_seconds_count", "web", "replaced"] == 0
    assert found["repave_replacement_rules_total", "web", "errors"] == 0


def test_replacements_by_rule_and_failures_by_reason() -> None:
    found = shown(replacements=[closed("r-1"), closed("r-2")])
    assert found["repave_replacement_rules_total", "web", "disk filling"] == 2
    assert found["repave_replacement_failures_total", "web", "deadline"] == 2


def test_how_long_the_oldest_span_waits() -> None:
    found = shown(outbox_pending=1, outbox_oldest_at=stories.START, now=stories.START + timedelta(minutes=9))
    assert found[("repave_outbox_oldest_age_seconds",)] == 540
    assert shown()[("repave_outbox_oldest_age_seconds",)] == 0


@pytest.mark.parametrize("described", catalogue.CATALOGUE, ids=lambda described: described.name)
def test_every_metric_is_one_of_the_catalogue_and_has_its_labels(described: catalogue.Described) -> None:
    """Filled as far as it goes; docs/metrics.md and the checks of the dashboards rest upon this."""
    families = {family.name: family for family in text_string_to_metric_families(full().text().decode())}
    family = families[described.name.removesuffix("_total")]
    assert (family.type, family.documentation) == (described.kind.value, described.meaning)
    assert family.samples
    for sample in family.samples:
        assert sample.labels.keys() - {"le"} == set(described.labels)
        assert sample.name in described.series


def test_nothing_is_told_that_the_catalogue_lacks() -> None:
    told = {family.name for family in text_string_to_metric_families(full().text().decode())}
    known = {described.name.removesuffix("_total") for described in catalogue.CATALOGUE}
    assert {name for name in told if name.removesuffix("_created") not in known} == set()


def test_the_rules_that_stop_are_those_that_speak_for_a_fleet() -> None:
    """All but mode observe, which is no trouble, and with the breakers, which stop a cause."""
    assert set(STOPS) == {rule.name for rule in RULES if rule.check_fleet} - {"observe_mode"} | {"breaker"}
