"""`plan` and `why`, on an embedded AWS: they see everything and change nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cloud, Result, repave, written
from tests.e2e.harness.wire import Request, read_wire


def planned(config: Path, *options: str) -> dict[str, Any]:
    result = repave("plan", "-c", str(config), "--json", *options)
    assert result.code == 0, result.err
    document: dict[str, Any] = json.loads(result.out)
    return document


def by_id(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for fleet in document["fleets"] for item in fleet["instances"]}


def test_the_plan_is_the_contracts(config: Path, aws: Cloud) -> None:
    document = planned(config)
    assert document.keys() == {"generated_at", "mode", "fleets", "errors"}
    assert (document["mode"], document["errors"]) == ("act", [])
    web, api = document["fleets"]
    assert (web["name"], web["platform"], web["hold"]) == ("web", "asg", None)
    assert (api["name"], len(api["instances"])) == ("api", 2)
    instance = web["instances"][0]
    assert instance.keys() >= {
        *("id", "zone", "state", "age_seconds", "image", "verdict", "findings", "evidence", "decision", "vetoes"),
    }
    assert instance["image"].keys() == {"id", "created_at", "age_seconds"}
    assert instance["evidence"][0].keys() >= {
        *("rule", "probe", "value", "unit", "threshold", "for_seconds", "breached_for_seconds"),
        *("query", "measured_at", "outcome"),
    }


def test_each_instance_has_its_verdict_and_its_reason(config: Path, aws: Cloud) -> None:
    aged, protected, _, _, silent, failing = aws.world.groups[0].instances
    seen = by_id(planned(config, "web"))
    assert (seen[failing]["verdict"], seen[failing]["decision"]) == ("degraded", "replace"), "the worst goes first"
    assert (seen[aged]["verdict"], seen[aged]["decision"]) == ("aged", "hold")
    assert [veto["rule"] for veto in seen[aged]["vetoes"]] == ["max_in_flight"]
    assert "protected" in [veto["rule"] for veto in seen[protected]["vetoes"]]
    assert seen[silent]["verdict"] == "healthy", "it has not been silent for long: nothing was remembered"
    assert "unknown" in [item["outcome"] for item in seen[silent]["evidence"]]
    assert all(seen[id_]["decision"] == "keep" for id_ in seen.keys() - {aged, protected, failing})


def test_the_age_threshold_is_the_whole_number(config: Path, aws: Cloud) -> None:
    evidence = next(iter(by_id(planned(config, "web")).values()))["evidence"]
    assert evidence[0]["threshold"] == "above 2592000"


def test_no_mutating_call_reaches_the_wire_and_no_journal_is_made(config: Path, aws: Cloud, tmp_path: Path) -> None:
    before = len(read_wire(aws.wire_log))
    planned(config)
    repave("why", aws.world.groups[0].instances[0], "-c", str(config))
    made = [item for item in read_wire(aws.wire_log)[before:] if isinstance(item, Request)]
    assert len(made) > 5, "it did look"
    assert [item.call for item in made if item.mutating] == []
    assert sorted(item.name for item in tmp_path.iterdir()) == ["conf.yaml"]


def test_the_detailed_exit_code(tmp_path: Path, aws: Cloud) -> None:
    def code(mode: str, *arguments: str) -> int:
        path = written(tmp_path, mode)
        return repave("plan", "-c", str(path), "--detailed-exitcode", *arguments).code

    assert code("act", "web") == 2
    assert code("observe", "web") == 2, "what the mode forbids is wanted all the same"
    assert code("act", "api") == 0
    assert code("act", "nobody") == 1
    assert repave("plan", "-c", str(written(tmp_path)), "web").code == 0, "without the flag, a plan is a success"


def test_a_fleet_that_cannot_be_looked_at_is_an_error_and_the_others_are_told(config: Path, aws: Cloud) -> None:
    config.write_text(config.read_text().replace("{name: api,", "{name: gone,"))
    result = repave("plan", "-c", str(config), "--json", "--detailed-exitcode")
    assert result.code == 1
    document = json.loads(result.out)
    assert [fleet["name"] for fleet in document["fleets"]] == ["web"]
    assert document["errors"][0]["fleet"] == "api"
    assert result.err.startswith("repave: api: ")
    assert "gone" in result.err


def test_a_fleet_nobody_declared(config: Path) -> None:
    result = repave("plan", "wbe", "-c", str(config))
    assert (result.code, result.err) == (1, "repave: no fleet 'wbe'; the nearest is web\n")


def test_the_table_names_everybody(config: Path, aws: Cloud) -> None:
    result = repave("plan", "web", "-c", str(config))
    assert result.code == 0
    assert "\x1b" not in result.out, "plain in a pipe"
    assert result.out.startswith("web  asg, mode act\n")
    lines = {line.split()[0]: line for line in result.out.splitlines() if line.startswith("i-")}
    aged, protected, _, _, _, failing = aws.world.groups[0].instances
    assert lines.keys() == set(aws.world.groups[0].instances)
    assert lines[failing].endswith("degraded  replace   failing checks: unhealthy, unhealthy")
    assert "max_in_flight: " in lines[aged]
    assert f"protected: {protected} is protected" in lines[protected]
    assert "6 instances: 3 to keep, 1 to replace, 2 to hold" in result.out


@pytest.fixture
def aged(aws: Cloud) -> str:
    return aws.world.groups[0].instances[0]


def test_why_explains_rule_by_rule(config: Path, aged: str) -> None:
    result = repave("why", aged, "-c", str(config))
    assert result.code == 0
    assert result.out.startswith(f"{aged} is aged; decision: hold\n")
    assert "fleet web (asg, mode act)" in result.out
    rows = {line.split("  ")[0]: line for line in result.out.splitlines()}
    assert "found" in rows["max_image_age"]
    assert "above 30d" in rows["max_image_age"]
    assert "ok" in rows["failing checks"]
    assert "held by max_in_flight: " in result.out
    assert "(clears as Repave goes on)" in result.out
    assert "looks again at 20" in result.out


def test_why_as_json(config: Path, aged: str) -> None:
    document = json.loads(repave("why", aged, "-c", str(config), "--json").out)
    assert document.keys() >= {"generated_at", "fleet", "platform", "mode", "hold", "next_look_at", "instance"}
    assert "instances" not in document
    assert document["instance"]["id"] == aged
    assert document["instance"]["verdict"] == "aged"


def test_why_of_nobody_names_the_nearest(config: Path, aged: str) -> None:
    result: Result = repave("why", aged[:-1], "-c", str(config))
    assert result.code == 1
    assert result.err == f"repave: no instance '{aged[:-1]}'; the nearest is {aged}\n"


def test_why_of_nobody_while_a_fleet_cannot_be_seen(config: Path, aged: str) -> None:
    config.write_text(config.read_text().replace("{name: api,", "{name: gone,"))
    result = repave("why", "i-unknown", "-c", str(config))
    assert result.code == 1
    assert "not every fleet could be looked at: api: " in result.err
    assert repave("why", aged, "-c", str(config)).code == 0, "who was found is explained all the same"
