"""The shipped IAM policies allow what law 1's lists name, what AWS asks for besides, and nothing else."""

import re
from dataclasses import replace

import pytest

from controller.clients.aws import DEPENDENT, MUTATIONS, READS
from controller.clients.dynamodb import CALLS
from tests.deploy.iam import FOLDER, ROOT, actions, policy, tool

POLICIES = ("observe", "act", "launch_instances", "journal", "config", "assume")


def iam(operations: frozenset[str]) -> set[str]:
    """IAM calls Elastic Load Balancing by its whole name."""
    return {operation.replace("elbv2:", "elasticloadbalancing:") for operation in operations}


def dependents_of(called: set[str]) -> set[str]:
    """What AWS asks for besides, and what that needs in turn."""
    found = {one for name in called for one in DEPENDENT.get(name, ())}
    return found | dependents_of(found) if found else found


def test_what_is_generated_is_up_to_date() -> None:
    stale = [path.name for path, text in tool().written().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `.venv/bin/python tools/iam_policies.py`"


def test_no_policy_lies_there_that_nobody_generates() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(tool().POLICIES)


def test_act_allows_exactly_the_mutations_of_the_default_way_to_launch() -> None:
    assert actions("act") == iam(MUTATIONS) - {"autoscaling:LaunchInstances"}
    assert dependents_of(actions("act")) == set(), "nothing is done in the caller's name"


def test_to_launch_in_ec2_is_a_policy_of_its_own_with_what_it_needs() -> None:
    needed = dependents_of({"autoscaling:LaunchInstances"})
    assert needed == {"ec2:CreateFleet", "ec2:CreateTags", "ec2:DescribeLaunchTemplateVersions", "ssm:GetParameters"}
    assert actions("launch_instances") == {"autoscaling:LaunchInstances"} | needed - {"ssm:GetParameters"}
    assert "ssm:GetParameters" in actions("observe"), "which is always attached beside it"


def test_observe_and_config_allow_exactly_the_reads_and_what_they_need() -> None:
    reads = iam(READS)
    assert actions("observe") | actions("config") == reads | {"ssm:GetParameters", "kms:Decrypt"}
    assert actions("observe") & iam(MUTATIONS) == set()


def test_the_journal_has_the_calls_that_it_is_kept_with() -> None:
    kept = CALLS - {"dynamodb:TransactWriteItems"}
    assert actions("journal") == kept | {"dynamodb:ConditionCheckItem"}
    assert {"dynamodb:PutItem", "dynamodb:DeleteItem"} <= kept, "what a transaction is made of"


def test_nothing_is_allowed_by_a_pattern() -> None:
    assert [one for name in POLICIES for one in actions(name) if not re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", one)] == []


def test_every_mutation_of_ours_is_scoped_by_arn_and_by_tag() -> None:
    for one in policy("act") + policy("launch_instances"):
        if set(one["Action"]) & iam(MUTATIONS):
            assert all(resource.startswith("arn:") for resource in one["Resource"]), one["Sid"]
            assert one["Condition"] == {"StringEquals": {"aws:ResourceTag/${tag_key}": "${tag_value}"}}, one["Sid"]


def test_a_resource_of_everything_says_why() -> None:
    for one in tool("iam_statements").STATEMENTS:
        assert bool(one.wide) is any(resource == "*" or resource.endswith(":*:*/*") for resource in one.resources), one


def test_a_statement_is_named_once_in_all_policies() -> None:
    """So they can be merged into one document."""
    sids = [one["Sid"] for path in FOLDER.glob("*.json") for one in policy(path.stem)]
    assert len(set(sids)) == len(sids)


def test_every_placeholder_is_explained_and_used() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json"))
    assert set(re.findall(r"\$\{(\w+)\}", texts)) == set(tool("iam_statements").PLACEHOLDERS)
    assert texts.count("${") == len(re.findall(r"\$\{\w+\}", texts)), "nothing else that templatefile would read"


def test_who_fills_them_in_by_hand_is_told_of_each_that_is_needed() -> None:
    """envsubst makes nothing of what is not exported: a tag or a name that is empty allows nothing. A list may be."""
    exported = set(re.findall(r"(\w+)=", (ROOT / "deploy" / "ecs" / "README.md").read_text(encoding="utf-8")))
    files = ("trust_task", "observe", "journal", "config", "act", "launch_instances")
    needed = set(re.findall(r"\$\{(\w+)\}", "".join((FOLDER / f"{name}.json").read_text("utf-8") for name in files)))
    assert needed - exported == {"s3_object_arns", "secret_arns", "kms_key_arns"}


@pytest.mark.parametrize(
    ("sid", "change", "sentence"),
    [
        ("MoveTraffic", {"elasticloadbalancing:RegisterTargets": ""}, "DeregisterTargets is in the code's mutations"),
        ("ReadMetrics", {"ec2:RebootInstances": ""}, "ec2:RebootInstances is allowed by a statement, and is not"),
        ("LaunchByFleet", {}, "ec2:CreateFleet is in the code's dependents, and no statement"),
    ],
)
def test_planted_the_tool_refuses_what_differs_from_the_lists(
    monkeypatch: pytest.MonkeyPatch, sid: str, change: dict[str, str], sentence: str
) -> None:
    module = tool()
    planted = tuple(replace(one, actions=change) if one.sid == sid else one for one in module.STATEMENTS)
    monkeypatch.setattr(module, "STATEMENTS", planted)
    with pytest.raises(SystemExit, match=sentence):
        module.refuse_what_differs()
