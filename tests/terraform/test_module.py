"""The real terraform finds nothing wrong with the module, its examples and the member role; and it would have."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.iam import PATIENCE_SECONDS
from tests.house.project import ROOT
from tests.terraform.conftest import FOLDERS, Module, terraform
from tests.terraform.planted import MISTAKES, Mistake

pytestmark = pytest.mark.timeout(240)
Copy = Callable[[str], Module]
SKIP = re.compile(r"checkov:skip=(\w+)")


def test_it_is_formatted(deploy_tools: None) -> None:
    done = terraform(ROOT / "deploy" / "terraform", "fmt", "-check", "-recursive", "-diff")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_is_valid(initialised: Path, folder: str) -> None:
    done = terraform(initialised / "terraform" / folder, "validate", "-no-color")
    assert done.returncode == 0, done.stdout
    assert "Warning" not in done.stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_its_own_tests_pass(initialised: Path, folder: str) -> None:
    done = terraform(initialised / "terraform" / folder, "test", "-no-color")
    assert done.returncode == 0, done.stdout
    assert ", 0 failed" in done.stdout


def test_a_task_starts_when_everything_is_there_that_it_needs(initialised: Path) -> None:
    """terraform makes what does not wait for one another at once, and a task without its log, say, does not start."""
    edges = re.findall(r'"([\w.]+)" -> "([\w.]+)"', terraform(initialised / "terraform", "graph").stdout)
    waits_for: set[str] = set()
    found = {"aws_ecs_service.this"}
    while found:
        waits_for |= found
        found = {to for of, to in edges if of in found} - waits_for
    made = {name for edge in edges for name in edge if not name.startswith("data.")}
    assert {name for name in made - waits_for if "alarm" not in name and "metric_filter" not in name} == {
        "aws_vpc_security_group_egress_rule.to_identity_provider",
        "aws_vpc_security_group_egress_rule.to_tasks",
        "aws_vpc_security_group_ingress_rule.load_balancer",
        "aws_vpc_security_group_ingress_rule.people",
        "aws_vpc_security_group_ingress_rule.this",
    }, "nobody comes in before there is somebody; all else the service waits for"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_caught(module: Copy, mistake: Mistake) -> None:
    copy = module(mistake.folder)
    copy.plant(mistake.file, mistake.before, mistake.after)
    done = copy.run(mistake.command[0], "-no-color", *mistake.command[1:])
    assert done.returncode == 1, done.stdout
    assert mistake.said in " ".join(done.stdout.split()), done.stdout


def test_a_version_of_the_provider_that_there_is_not_is_refused(module: Copy) -> None:
    """init is held to versions.tf: the mirror is no way around it."""
    copy = module("modules/member-role")
    copy.plant("versions.tf", 'version = ">= 6.0"', 'version = ">= 7.0"')
    done = copy.run("init", "-no-color", "-upgrade")
    assert done.returncode == 1
    assert "no available releases match the given constraints >= 7.0.0" in " ".join(done.stdout.split())


def test_checkov_has_nothing_to_say(deploy_tools: None) -> None:
    """Whatever it is told to skip stands beside the resource with its reason, and it would have said it."""
    folder = ROOT / "deploy" / "terraform"
    checkov = [str(ROOT / ".venv-deploy/bin/checkov"), "--directory", str(folder), "--framework", "terraform"]
    done = subprocess.run(
        [*checkov, "--skip-download", "--output", "json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    found = json.loads(done.stdout)
    failed = [f"{one['check_id']} {one['resource']}: {one['check_name']}" for one in found["results"]["failed_checks"]]
    assert failed == []
    assert found["summary"]["passed"] > 50
    assert found["summary"]["parsing_errors"] == 0
    skipped = {one["check_id"]: one["check_result"]["suppress_comment"] for one in found["results"]["skipped_checks"]}
    assert all(skipped.values()), "a skip says why"
    written = {name for path in folder.rglob("*.tf") for name in SKIP.findall(path.read_text(encoding="utf-8"))}
    assert written == skipped.keys(), "a skip that skips nothing"
