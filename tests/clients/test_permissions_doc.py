"""docs/running.md names every AWS action that Repave needs, and none that it does not."""

import re
from pathlib import Path

from controller.clients.aws import DEPENDENT, MUTATIONS, READS

PAGE = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")
SECTION = PAGE.split("\n## Permissions\n")[1].split("\n## ")[0]
ACTION = re.compile(r"`([a-z0-9]+:[A-Z]\w+)`")


def iam(operations: frozenset[str]) -> set[str]:
    """IAM calls Elastic Load Balancing by its whole name."""
    return {operation.replace("elbv2:", "elasticloadbalancing:") for operation in operations}


def test_the_page_lists_what_is_read_and_what_is_changed() -> None:
    looking, replacing = SECTION.split("To replace as well:")
    replacing, besides = replacing.split("\n\nA fleet with `role_arn`")
    assert set(ACTION.findall(looking)) == iam(READS)
    dependent = {action for actions in DEPENDENT.values() for action in actions}
    assert set(ACTION.findall(replacing)) == iam(MUTATIONS) | dependent
    assert set(ACTION.findall(besides)) <= iam(READS) | {"sts:AssumeRole"}
