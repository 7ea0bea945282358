"""The files that are shipped, against the platforms and probes that are really there."""

import json
import re
from pathlib import Path

import pytest

from controller.app.configuration import specs
from controller.domain.policy import Mode
from controller.settings import load, schema

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"


@pytest.mark.parametrize("name", ["example.yaml", "demo.yaml", "docker.yaml"])
def test_a_shipped_configuration_is_good_and_warns_of_nothing(name: str) -> None:
    config = load((CONFIG / name).read_text(), name, specs())
    assert config.fleets
    assert [str(note) for note in config.warnings] == []


def test_the_example_says_every_key_at_its_default_or_on_purpose() -> None:
    config = load((CONFIG / "example.yaml").read_text(), "example.yaml", specs())
    definitions = schema(specs())["$defs"]
    text = (CONFIG / "example.yaml").read_text()
    keys = {key for name in definitions if name != "Mode" for key in definitions[name].get("properties", {})}
    unsaid = {key for key in keys if not re.search(rf"\b{key}:", text)}
    # Thresholds and sources are of no use to a probe that is there; some probes have keys or words of their own.
    of_fleets = {"image_age", "instance_age", "image", "image_digest", "launch_template"}
    assert unsaid == {"below"} | of_fleets
    assert config.fleets["web"].mode is Mode.ACT


def test_the_demos_fleet_is_the_one_in_its_world() -> None:
    policy = load((CONFIG / "demo.yaml").read_text(), "demo.yaml", specs()).fleets["web"]
    assert policy.mode is Mode.ACT
    assert {condition.probe for condition in policy.conditions} == {
        "image_age",
        "target_health",
        "ec2_status",
        "cloudwatch",
    }


def test_the_readmes_configuration_is_good() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        assert load(block, "README.md", specs()).warnings == ()


def test_the_shipped_schema_is_up_to_date() -> None:
    shipped = json.loads((CONFIG / "schema.json").read_text())
    assert shipped == schema(specs()), "config/schema.json is out of date: `repave schema > config/schema.json`"
