"""deploy/ecs says what the Terraform module says, in words that the ECS API and CloudFormation take."""

import copy
import json
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from tests.deploy.iam import PATIENCE_SECONDS
from tests.house.project import ROOT

PLACE = ROOT / "deploy" / "ecs"
OPERATIONS = {"task-definition.json": "RegisterTaskDefinition", "service.json": "CreateService"}
pytestmark = pytest.mark.timeout(240)


def tool(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((PLACE / name).read_text(encoding="utf-8"))
    return content


def test_the_files_are_up_to_date(initialised: Path) -> None:
    for name, text in tool("ecs_json").documents(initialised / "terraform").items():
        assert (PLACE / name).read_text(encoding="utf-8") == text, "run `.venv/bin/python tools/ecs_json.py`"


@pytest.mark.parametrize("module", ["deploy/terraform", "deploy/terraform/modules/member-role"])
def test_the_tables_of_the_module_are_up_to_date(module: str) -> None:
    written = (ROOT / module / "README.md").read_text(encoding="utf-8")
    tables = tool("terraform_tables")
    assert tables.page(ROOT / module, written) == written, "run `.venv/bin/python tools/terraform_tables.py`"
    assert "| `" in tables.tables(ROOT / module)


def complaints(name: str, content: dict[str, Any]) -> str:
    """What botocore, and so the AWS CLI, would say before it sent this."""
    model = get_session().get_service_model("ecs").operation_model(OPERATIONS[name])
    return str(ParamValidator().validate(content, model.input_shape).generate_report())


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_aws_cli_would_send_it(name: str) -> None:
    assert complaints(name, read(name)) == ""


def test_a_misspelt_key_would_not_be_sent() -> None:
    content = read("task-definition.json")
    content["containerDefinitions"][0]["stopTimeOut"] = content["containerDefinitions"][0].pop("stopTimeout")
    assert 'Unknown parameter in containerDefinitions[0]: "stopTimeOut"' in complaints("task-definition.json", content)


def pascal(content: Any, path: str = "") -> Any:
    """The same in CloudFormation's spelling. Keys of a log driver's options are its own."""
    if isinstance(content, list):
        return [pascal(one, path) for one in content]
    if isinstance(content, dict) and path != "Options":
        return {key[0].upper() + key[1:]: pascal(value, key[0].upper() + key[1:]) for key, value in content.items()}
    return content


def linted(tmp_path: Path, resources: dict[str, tuple[str, dict[str, Any]]]) -> list[str]:
    """What cfn-lint says of a template with these resources: name -> (type, input of the API)."""
    written = {name: {"Type": kind, "Properties": pascal(content)} for name, (kind, content) in resources.items()}
    template = tmp_path / "template.json"
    template.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": written}))
    command = [str(ROOT / ".venv-deploy/bin/cfn-lint"), "--regions", "eu-west-1", "--format", "parseable"]
    done = subprocess.run(
        [*command, "--", str(template)], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_cloudformation_would_take_it_and_nothing_that_fargate_has_not(deploy_tools: None, tmp_path: Path) -> None:
    task, service = read("task-definition.json"), read("service.json")
    kinds = "AWS::ECS::TaskDefinition", "AWS::ECS::Service"
    resources = {"Task": (kinds[0], task), "Service": (kinds[1], service)}
    too_small = {"TooSmall": (kinds[0], copy.deepcopy(task) | {"memory": "512"})}
    said = linted(tmp_path, {**resources, **too_small})
    assert [line for line in said if "E3047" not in line] == []
    assert len(said) == 1
