#!/usr/bin/env python3
"""Writes deploy/iam/*.json, and the tables of docs/permissions.md, from law 1's lists: `python tools/iam_policies.py`.

Refuses when a statement names a call that the code cannot make, or when the code can make one that has no statement.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from iam_statements import PLACEHOLDERS, STATEMENTS, TRUST, Statement  # noqa: E402

from controller.clients.aws import DEPENDENT, MUTATIONS, READS  # noqa: E402
from controller.clients.dynamodb import CALLS  # noqa: E402

LISTS = ("aws.py", "dynamodb.py")
FOLDER = ROOT / "deploy" / "iam"
PAGES = (FOLDER / "README.md", ROOT / "docs" / "permissions.md")
MARKED = re.compile(r"<!-- ([a-z_ ]+) -->\n.*?<!-- end -->", re.DOTALL)
CODE = ("controller/platforms", "controller/balancers", "controller/clients", "controller/journal", "probes")

POLICIES = {
    "observe": "all that Repave reads: `repave plan`, `why`, and `run` in mode observe need nothing else",
    "act": "beside observe, for the modes ask and act: the calls by which Repave changes anything",
    "launch_instances": "beside act, only for fleets with `launch: launch_instances`: EC2 launches in the role's name",
    "journal": "for `state: dynamodb://TABLE`",
    "config": "for a configuration in S3 or SSM, and for secrets in Secrets Manager",
    "assume": "for fleets with `role_arn`, where the daemon runs",
    "trust_task": "trust policy of the task role: tasks of this account's ECS may take it on",
    "trust_member": "trust policy of a role in another account, which has observe, and act if it may",
}
"""Every file, and whom it is for."""


TRANSACTION = "dynamodb:TransactWriteItems"
"""IAM has no action of that name: it asks for those of what is in one, ConditionCheckItem among them
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html)."""


def iam_name(operation: str) -> str:
    """As IAM names it: Elastic Load Balancing by its whole name, and the rest as the SDK does."""
    return operation.replace("elbv2:", "elasticloadbalancing:")


def wanted() -> dict[str, set[str]]:
    """What the code's lists want allowed: reads, mutations, what AWS asks for besides, and the journal's calls."""
    return {
        "reads": {iam_name(one) for one in READS},
        "mutations": {iam_name(one) for one in MUTATIONS},
        "dependents": {one for actions in DEPENDENT.values() for one in actions},
        "journal": (CALLS | {"dynamodb:ConditionCheckItem"}) - {TRANSACTION},
    }


def refuse_what_differs() -> None:
    """Exits with one line for each call that the lists and the statements do not agree on."""
    lists, problems = wanted(), []
    said = {
        "reads": _said(("observe", "config"), dependent=False),
        "mutations": _said(("act", "launch_instances"), dependent=False),
        "dependents": _said(("observe", "launch_instances", "config"), dependent=True),
        "journal": _said(("journal",), dependent=False),
    }
    for name, listed in lists.items():
        problems += [f"{one} is in the code's {name}, and no statement allows it" for one in listed - said[name]]
        problems += [f"{one} is allowed by a statement, and is not in the code's {name}" for one in said[name] - listed]
    if problems:
        sys.exit("\n".join(sorted(problems)))


def _said(policies: tuple[str, ...], *, dependent: bool) -> set[str]:
    chosen = (one for one in STATEMENTS if one.policy in policies and bool(one.dependent_of) is dependent)
    return {action for one in chosen for action in one.actions}


def document(name: str) -> dict[str, Any]:
    """One policy, as IAM takes it once its placeholders are filled in."""
    if name in TRUST:
        return {"Version": "2012-10-17", "Statement": [TRUST[name]]}
    return {"Version": "2012-10-17", "Statement": [_statement(one) for one in STATEMENTS if one.policy == name]}


def _statement(one: Statement) -> dict[str, Any]:
    said = {"Sid": one.sid, "Effect": "Allow", "Action": sorted(one.actions), "Resource": list(one.resources)}
    return said | ({"Condition": one.condition} if one.condition else {})


def callers(action: str) -> list[str]:
    """The files that name the operation, which is how a call is made."""
    operation = (TRANSACTION if action == "dynamodb:ConditionCheckItem" else action).partition(":")[2]
    found = (path for room in CODE for path in sorted((ROOT / room).rglob("*.py")) if path.name not in LISTS)
    return [path.relative_to(ROOT).as_posix() for path in found if f'"{operation}"' in path.read_text(encoding="utf-8")]


def table(name: str) -> str:
    """One line per action of a policy."""
    lines = ["| action | why | made by | on | only if |", "|---|---|---|---|---|"]
    for one in STATEMENTS:
        if one.policy == name:
            lines += [_row(action, one) for action in sorted(one.actions)]
    return "\n".join(lines) + "\n"


def _row(action: str, one: Statement) -> str:
    if one.dependent_of:
        made = f"AWS, for `{one.dependent_of}`"
    elif action == "sts:AssumeRole":
        made = "the SDK"
    else:
        made = " ".join(f"`{path}`" for path in callers(action))
    source = f" ([source]({one.source}))" if one.source else ""
    on = " ".join(f"`{resource}`" for resource in one.resources)
    on += f": {one.wide}" if one.wide else ""
    return f"| `{action}` | {one.actions[action]}{source} | {made} | {on} | {_condition(one.condition)} |"


def _condition(condition: Mapping[str, Mapping[str, str | list[str]]]) -> str:
    said = []
    for tests in condition.values():
        for key, value in tests.items():
            values = [value] if isinstance(value, str) else value
            said.append(f"`{key}` is " + " or ".join(f"`{one}`" for one in values))
    return "; ".join(said)


def placeholders() -> str:
    """One line per placeholder."""
    texts = {name: json.dumps(document(name)) for name in POLICIES}
    lines = ["| placeholder | in | what it is |", "|---|---|---|"]
    for name, what in PLACEHOLDERS.items():
        where = ", ".join(file for file, text in texts.items() if f"${{{name}}}" in text)
        lines.append(f"| `${{{name}}}` | {where} | {what} |")
    return "\n".join(lines) + "\n"


def files(prefix: str) -> str:
    """One line per file."""
    lines = ["| file | what for |", "|---|---|"]
    lines += [f"| [`{name}.json`]({prefix}{name}.json) | {why} |" for name, why in POLICIES.items()]
    return "\n".join(lines) + "\n"


def tables() -> dict[str, str]:
    """What stands in the pages between `<!-- NAME -->` and `<!-- end -->`."""
    by_policy = {name: table(name) for name in POLICIES if name not in TRUST}
    return by_policy | {"files": files("../deploy/iam/"), "files here": files(""), "placeholders": placeholders()}


def page(text: str) -> str:
    """A page with its tables written anew; the words around them are a person's."""
    known = tables()
    return MARKED.sub(lambda found: f"<!-- {found[1]} -->\n{known[found[1]]}<!-- end -->", text)


def written() -> dict[Path, str]:
    """Every generated file with its text."""
    texts = {FOLDER / f"{name}.json": json.dumps(document(name), indent=2) + "\n" for name in POLICIES}
    return texts | {path: page(path.read_text(encoding="utf-8")) for path in PAGES}


if __name__ == "__main__":
    refuse_what_differs()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
