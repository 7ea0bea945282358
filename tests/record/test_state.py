"""What New Relic's agent is told of the present state: the same as /metrics says, by names that follow from theirs."""

from datetime import timedelta

from controller.record.catalogue import BLIND_LIMIT, INSTANCES
from controller.record.delivery import Counts
from controller.record.metrics import Metrics, View
from controller.record.newrelic import MOST_ATTRIBUTES
from controller.record.state import attribute_of, states
from tests.record import stories
from tests.record.test_metrics import POLICIES, REPORT, fleet_report, full

NOW = stories.START + timedelta(seconds=90)


def test_a_fleet_is_told_as_its_metrics_are() -> None:
    events = list(states(full().families(), NOW, "d-1"))
    fleets = {facts["fleet"]: facts for kind, facts in events if kind == "RepaveFleet"}
    assert fleets.keys() == {"web", "api"}
    web = fleets["web"]
    assert (web["platform"], web["mode"], web["daemon"]) == ("world", "act", "d-1")
    assert (web["instances.aged"], web["instances.blind"], web["instances.all"]) == (2, 0, 4)
    assert (web["blind_ratio"], web["blind_limit_ratio"]) == (0, 0.2)
    assert web["since_look_seconds"] == 90
    assert (web["stopped.breaker"], web["breakers_open"], web["budget_limit.max_in_flight"]) == (0, 0, 1)
    assert web["replacement_open_age_seconds"] == 0


def test_a_fleet_that_was_never_looked_at_has_no_time_and_no_share() -> None:
    metrics = Metrics("1", Counts())
    metrics.show(View(policies=POLICIES, reports=[fleet_report("web")]))
    fleets = {facts["fleet"]: facts for kind, facts in states(metrics.families(), NOW, "d-1") if kind == "RepaveFleet"}
    assert "since_look_seconds" not in fleets["api"]
    assert "blind_ratio" not in fleets["web"]
    assert fleets["web"]["instances.all"] == 0


def test_the_daemon_is_told_once() -> None:
    ((kind, facts),) = [one for one in states(full().families(), NOW, "d-1") if one[0] == "RepaveDaemon"]
    assert kind == "RepaveDaemon"
    assert (facts["daemon"], facts["journal_up"], facts["config_last_reload_successful"]) == ("d-1", 1, 1)
    assert (facts["outbox_pending"], facts["spans_poisoned_total"]) == (0, 0)
    assert facts["budget_limit.replacements_per_hour"] == 12


def test_no_event_has_more_attributes_than_new_relic_takes() -> None:
    metrics = Metrics("1", Counts())
    stopped = fleet_report("web", hold={"rule": "observe_mode", "reason": ""}, breakers=[{"cause": "errors"}])
    metrics.show(View(policies=POLICIES, reports=[stopped, REPORT]))
    for _, facts in states([*metrics.families(), *full().families()], NOW, "d-1"):
        assert len(facts) < MOST_ATTRIBUTES - 10


def test_names_follow_from_the_metrics() -> None:
    assert (attribute_of(INSTANCES), attribute_of(BLIND_LIMIT)) == ("instances", "blind_limit_ratio")
