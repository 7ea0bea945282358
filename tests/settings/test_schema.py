"""The JSON Schema that editors use."""

from typing import Any

from controller.settings import Specs, schema
from tests.settings.fakes import SPECS

SCHEMA = schema(SPECS)
DEFS = SCHEMA["$defs"]


def keys(name: str) -> set[str]:
    return set(DEFS[name]["properties"])


def test_it_knows_every_key_of_the_file_and_no_other() -> None:
    assert set(SCHEMA["properties"]) >= {"version", "mode", "state", "telemetry", "defaults", "fleets"}
    assert SCHEMA["required"] == ["version", "fleets"]
    objects = [SCHEMA, *DEFS.values()]
    closed = [
        item.get("additionalProperties") for item in objects if "properties" in item and item is not DEFS["Telemetry"]
    ]
    assert closed
    assert not any(closed)


def test_the_options_of_platforms_probes_and_sources_are_merged_in() -> None:
    assert {"group", "engine", "max_age", "degraded_when"} <= keys("Fleet")
    assert {"cpu", "checks", "above", "for"} <= keys("Rule")
    assert keys("GroupOptions") == {"name", "tags", "region", "size"}
    assert keys("Telemetry") == {"store"}
    assert DEFS["Fleet"]["properties"]["group"]["description"] == "Runs group."
    assert DEFS["GroupOptions"]["properties"]["name"]["description"] == "Of the group."


def test_a_fleet_has_one_platform_and_a_rule_one_probe_with_a_threshold_if_it_needs_one() -> None:
    assert DEFS["Fleet"]["oneOf"] == [{"required": ["group"]}, {"required": ["engine"]}]
    sides = {"oneOf": [{"required": ["above"]}, {"required": ["below"]}]}
    assert {"required": ["checks"]} in DEFS["Rule"]["oneOf"]
    assert {"required": ["cpu"], **sides} in DEFS["Rule"]["oneOf"]


def test_defaults_are_written_as_in_the_file() -> None:
    assert DEFS["VerifySection"]["properties"]["bake"]["default"] == "5m"
    assert DEFS["StopSection"]["properties"]["blind_over"]["default"] == "20%"
    assert DEFS["FleetLimits"]["properties"]["max_in_flight"]["default"] == 1
    assert SCHEMA["properties"]["listen"]["default"] == "127.0.0.1:8080"
    assert SCHEMA["properties"]["mode"]["default"] == "observe"


def test_every_key_of_ours_is_described() -> None:
    def described(item: dict[str, Any]) -> bool:
        reference = item.get("$ref", "").rpartition("/")[2]
        return "description" in item or "description" in DEFS.get(reference, {})

    ours = [SCHEMA, *(DEFS[name] for name in DEFS if name.endswith(("Section", "Limits")) or name in ("Fleet", "Rule"))]
    missing = [key for item in ours for key, value in item["properties"].items() if not described(value)]
    assert missing == []


def test_without_kinds_of_sources_there_are_no_sources() -> None:
    empty = schema(Specs(SPECS.platforms, SPECS.probes))["$defs"]["Telemetry"]
    assert (empty["properties"], empty["additionalProperties"]) == ({}, False)
