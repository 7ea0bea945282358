"""The decision as JSON: its shape is the contract with scripts, its sentences are for people."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given, settings

from controller.act.accept import acceptance
from controller.decide.explain import explain, isoformat, refusals, sentence_of
from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.domain.lifecycle import Phase
from controller.domain.model import Declared, Hold, Snapshot, Unknown
from controller.domain.policy import Policy
from controller.domain.verdict import VerdictKind
from tests.decide.arbitrary import policies, snapshots
from tests.simulation.daemon import RULES
from tests.support.builders import (
    ERRORS,
    IMAGE_AGE,
    all_fine,
    image,
    instance,
    instances,
    later,
    policy,
    replacement,
    signal,
    snapshot,
)

Json = dict[str, Any]
AT_ONCE = replace(ERRORS, for_seconds=0.0)
NUMBER, TEXT = (int, float), str

FLEET = {"name": TEXT, "platform": TEXT, "mode": TEXT, "policy_hash": TEXT, "observed_at": TEXT, "next_look_at": TEXT,
         "settled": bool, "gaps": list, "coverage": list, "hold": (dict, type(None)), "guards": list,
         "budgets": list, "breakers": list,
         "notes": list, "groups": list,
         "instances": list}  # fmt: skip
INSTANCE = {"id": TEXT, "name": (TEXT, type(None)), "names": list,
            "group": TEXT, "zone": TEXT, "state": TEXT, "serving": bool,
            "age_seconds": (*NUMBER, type(None)), "image": dict, "verdict": TEXT, "findings": list, "evidence": list,
            "decision": TEXT, "replacement": (TEXT, type(None)), "request": (dict, type(None)),
            "vetoes": list, "waits": (dict, type(None)),
            "next": TEXT}  # fmt: skip
IMAGE = {"id": TEXT, "created_at": (TEXT, type(None)), "age_seconds": (*NUMBER, type(None))}
EVIDENCE = {"rule": TEXT, "probe": TEXT, "cause": TEXT, "value": (*NUMBER, TEXT, type(None)), "unit": TEXT,
            "threshold": TEXT, "for_seconds": NUMBER, "breached_for_seconds": NUMBER, "query": TEXT,
            "measured_at": (TEXT, type(None)), "outcome": TEXT, "reason": TEXT, "found": bool,
            "samples": list}  # fmt: skip
VETO = {"rule": TEXT, "reason": TEXT, "needs": TEXT, "clears_at": (TEXT, type(None))}
GROUP = {"name": TEXT, "desired": int, "minimum": int, "maximum": int}


def has_shape(value: Json, shape: dict[str, Any]) -> None:
    assert set(value) == set(shape)
    for key, kind in shape.items():
        assert isinstance(value[key], kind), f"{key}: {value[key]!r}"


def check_shape(report: Json) -> None:
    """Every key of the contract, of its type, and nothing beside it."""
    has_shape(report, FLEET)
    for group in report["groups"]:
        has_shape(group, GROUP)
    for item in report["instances"]:
        has_shape(item, INSTANCE)
        has_shape(item["image"], IMAGE)
        assert item["verdict"] in [kind.value for kind in VerdictKind]
        assert item["decision"] in ("keep", "replace", "hold")
        assert (item["decision"] == "hold") == (bool(item["vetoes"]) and item["waits"] is None)
        assert (item["waits"] is None) == (item["replacement"] is None)
        assert item["next"]
        assert set(item["findings"]) <= {"degraded", "aged", "drifted", "tampered", "blind"}
        for evidence in item["evidence"]:
            has_shape(evidence, EVIDENCE)
            assert evidence["outcome"] in ("ok", "breached", "unknown")
            assert (evidence["value"] is None) == (evidence["outcome"] == "unknown")
        for veto in item["vetoes"]:
            has_shape(veto, VETO)


def explained(seen: Snapshot, by: Policy | None = None) -> Json:
    by = by or policy(AT_ONCE, IMAGE_AGE)
    judged = judge(seen, by)
    return explain(seen, judged, plan(seen, judged, by, RULES), by)


@settings(deadline=None, max_examples=60)
@given(snapshots(), policies())
def test_whatever_is_seen_the_report_has_its_shape_and_is_json(seen: Snapshot, by: Policy) -> None:
    report = explained(seen, by)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    check_shape(report)
    for item in refusals(seen, plan(seen, judge(seen, by), by, RULES), report).values():
        assert json.loads(json.dumps(item.facts, allow_nan=False)) == item.facts


def a_fleet() -> Snapshot:
    """i-1 sick, i-2 aged and waiting, i-3 fine; i-1 goes first."""
    members = (instance(), instance("i-2", zone="b", image=image("ami-old", 90)), instance("i-3", zone="c"))
    signals = all_fine(members, i_3=signal()) | {
        ("i-1", "errors"): signal(7.5),
        ("i-2", "max_image_age"): signal(90 * 86400.0, unit="s"),
    }
    return snapshot(members, signals=signals)


def test_an_example_reads_as_the_contract_says() -> None:
    report = explained(a_fleet())
    sick, aged, fine = report["instances"]
    assert {key: report[key] for key in ("name", "platform", "mode", "policy_hash", "hold", "settled")} == {
        "name": "web", "platform": "world", "mode": "act", "policy_hash": "p1", "hold": None, "settled": False,
    }  # fmt: skip
    assert (report["observed_at"], report["next_look_at"]) == ("2026-11-23T12:00:00Z", "2026-11-23T12:00:30Z")
    assert report["groups"] == [{"name": "web", "desired": 3, "minimum": 0, "maximum": 5}]
    assert sick == {
        "id": "i-1", "name": None, "names": [],
        "group": "web", "zone": "a", "state": "in_service", "serving": True, "age_seconds": 777600.0,
        "image": {"id": "ami-old", "created_at": "2026-11-13T12:00:00Z", "age_seconds": 864000.0},
        "verdict": "degraded", "findings": ["degraded"], "decision": "replace", "replacement": None, "vetoes": [],
        "request": None,
        "waits": None, "next": "its replacement starts now",
        "evidence": [
            {"rule": "errors", "probe": "errors", "cause": "degraded", "value": 7.5, "unit": "%",
             "threshold": "above 0.5", "for_seconds": 0.0, "breached_for_seconds": 0.0, "query": "how many errors",
             "measured_at": "2026-11-23T12:00:00Z", "outcome": "breached", "reason": "", "found": True, "samples": []},
            {"rule": "max_image_age", "probe": "image_age", "cause": "aged", "value": 0.0, "unit": "s",
             "threshold": "above 2592000", "for_seconds": 0.0, "breached_for_seconds": 0.0, "query": "how many errors",
             "measured_at": "2026-11-23T12:00:00Z", "outcome": "ok", "reason": "", "found": False, "samples": []},
        ],
    }  # fmt: skip
    assert (aged["verdict"], aged["decision"]) == ("aged", "hold")
    in_flight = {
        "rule": "max_in_flight",
        "reason": "1 of 1 in flight (one for i-1)",
        "needs": "repave",
        "clears_at": None,
    }
    assert aged["vetoes"] == [in_flight]
    assert (fine["verdict"], fine["decision"], fine["findings"], fine["vetoes"]) == ("healthy", "keep", [], [])


def test_what_is_being_replaced_is_named_with_its_successor() -> None:
    members = (instance(), instance("i-new"), instance("i-2"))
    report = explained(snapshot(members, signals=all_fine(members), open_replacements=(replacement("r-7"),)))
    by_id = {item["id"]: (item["decision"], item["replacement"]) for item in report["instances"]}
    assert by_id == {"i-1": ("replace", "r-7"), "i-new": ("keep", "r-7"), "i-2": ("keep", None)}


def test_the_first_veto_over_the_whole_fleet_is_the_fleets_own() -> None:
    report = explained(a_fleet(), policy(AT_ONCE, IMAGE_AGE, mode=policy().mode.OBSERVE))
    sentence = "mode is observe: Repave decides and explains, but does not act"
    assert report["hold"] == {"rule": "observe_mode", "reason": sentence}


def test_a_blind_instance_is_held_and_found_blind() -> None:
    members = instances(1)
    seen, memory, by = snapshot(members), snapshot().memory, policy(ERRORS)
    for tick in range(21):
        seen = snapshot(members, signals={("i-1", "errors"): Unknown("no row")}, memory=memory, now=later(30 * tick))
        memory = judge(seen, by).memory
    (item,) = explained(seen, by)["instances"]
    assert (item["verdict"], item["findings"], item["decision"]) == ("blind", ["blind"], "hold")
    assert [veto["rule"] for veto in item["vetoes"]] == ["blind"]


def test_instances_come_in_a_steady_order_and_gaps_are_told() -> None:
    seen = snapshot((instance("i-3", zone="b"), instance("i-2", zone="b"), instance("i-9", zone="a")))
    seen = replace(seen, inventory=replace(seen.inventory, gaps=("target group lb could not be read",)))
    report = explained(seen)
    assert [item["id"] for item in report["instances"]] == ["i-9", "i-2", "i-3"]
    assert report["gaps"] == ["target group lb could not be read"]


def test_refusals_carry_the_names_and_the_evidence_for_the_trace() -> None:
    seen, by = a_fleet(), policy(AT_ONCE, IMAGE_AGE)
    decided = plan(seen, judge(seen, by), by, RULES)
    (record,) = refusals(seen, decided, explained(seen)).values()
    assert (record.instance_id, record.rules) == ("i-2", ("max_in_flight",))
    assert record.facts["verdict"] == "aged"
    assert [item["rule"] for item in record.facts["evidence"]] == ["errors", "max_image_age"]
    assert record.facts["vetoes"][0]["reason"] == "1 of 1 in flight (one for i-1)"


def told(seen: Snapshot, waiting: dict[str, str] | None = None, accepted: bool = False) -> str:
    by = policy(AT_ONCE, IMAGE_AGE)
    judged = judge(seen, by)
    begun = [replacement("r-9", Phase.ACCEPTED)] if accepted else []
    return sentence_of(seen, judged, plan(seen, judged, by, RULES), begun, waiting or {})


def test_a_tick_is_told_in_one_sentence() -> None:
    expected = "3 instances: 1 aged, 1 degraded, 1 healthy; replacing i-1 (r-9: errors); holding i-2 (max_in_flight)"
    assert told(a_fleet(), accepted=True) == expected


def test_what_is_in_flight_is_told_with_what_it_waits_for() -> None:
    seen = replace(a_fleet(), open_replacements=(replacement("r-7", Phase.DRAINING),))
    assert "; r-7 draining; " in told(seen)
    assert "; r-7 draining, 3 connections are left; " in told(seen, {"r-7": "3 connections are left"})


def test_who_waits_is_told_with_the_names_of_the_vetoes() -> None:
    held = replace(a_fleet(), holds=(Hold("all", "lunch", "ann", later(-60)),))
    assert told(held).endswith("; holding i-1 (held); holding i-2 (held)")
    opened = replace(held, open_replacements=(replacement("r-7", predecessor="i-3", zone="c"),))
    assert told(opened).endswith("; holding i-1 (held, max_in_flight); holding i-2 (held, max_in_flight)")


def test_times_are_iso_8601_in_utc() -> None:
    assert isoformat(later(0.25)) == "2026-11-23T12:00:00.250000Z"
    assert isoformat(None) is None
    assert datetime.fromisoformat(isoformat(later(0)) or "") == later(0)


def test_what_is_decided_says_under_which_configuration() -> None:
    seen, by = a_fleet(), policy(AT_ONCE, IMAGE_AGE)
    declared = replace(seen, declared=Declared("0b6d8a1f93c2", "3"))
    decided = plan(declared, judge(declared, by), by, RULES)
    (record,) = refusals(declared, decided, explained(declared)).values()
    begun = acceptance(decided.starts[0], declared, by, "r-9")
    for facts in (record.facts, begun.facts):
        assert (facts["config_hash"], facts["config_version"]) == ("0b6d8a1f93c2", "3")
    unversioned = acceptance(decided.starts[0], replace(seen, declared=Declared("0b6d8a1f93c2")), by, "r-9").facts
    assert "config_version" not in unversioned, "a file has none"
