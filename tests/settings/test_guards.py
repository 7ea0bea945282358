"""`hold_while`: rules of the fleet as a whole."""

from controller.domain.policy import Above, Cause, Condition
from controller.settings import load, policy_from_document
from tests.settings.fakes import SPECS, MetricOptions

TEXT = """
version: 1
defaults:
  hold_while: [{name: incident, overall: {metric: incidents}, above: 0}]
fleets:
  web: {group: {name: web}, max_age: 60d}
  api:
    group: {name: api}
    max_age: 60d
    hold_while: [{name: busy, overall: {metric: load}, above: 5, for: 10m}]
"""


def test_a_guard_is_a_condition_of_the_whole_fleet() -> None:
    fleets = load(TEXT, "guards.yaml", SPECS).fleets
    options = MetricOptions(metric="load")
    (busy,) = fleets["api"].guards
    assert busy == Condition("busy", Cause.DEGRADED, "overall", Above(5.0), options, for_seconds=600.0, history=True)
    assert [condition.name for condition in fleets["api"].conditions] == ["max_age"]
    assert [guard.name for guard in fleets["web"].guards] == ["incident"]


def test_an_open_replacement_keeps_its_guards_too() -> None:
    policy = load(TEXT, "guards.yaml", SPECS).fleets["api"]
    assert policy_from_document(policy.document, SPECS) == policy
