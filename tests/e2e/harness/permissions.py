"""The shipped policies, put into force in an embedded AWS: every daemon of a stage has those of its mode, no others.

The policies are the files of deploy/iam, with their placeholders filled in as a deployment would. So a call that they
do not allow is refused at the wire, and the test that needed it fails.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template
from typing import Any

from controller.demo.scenario import GroupSpec
from tests.e2e.harness.wire import DAEMON_KEY, Request, read_wire
from tests.support.remote_world import RemoteWorld

FOLDER = Path(__file__).parents[3] / "deploy" / "iam"
TAG = ("repave", "managed")

LOOKING_KEY = f"{DAEMON_KEY}LOOKS"
"""Who only looks signs so: a daemon in mode observe, and every other command."""

LAUNCHING_KEY = f"{DAEMON_KEY}LAUNCHES"
"""A daemon that launches by LaunchInstances signs so: it alone has the policy for that."""

MEMBERS_KEY = f"{DAEMON_KEY}MEMBERS"
"""A daemon that acts only as MEMBER_ROLE signs so."""

MEMBER_ROLE = "repave-member"
"""What modules/member-role makes, for a fleet with `role_arn`."""

MISTAKEN_KEY = f"{DAEMON_KEY}MISTAKEN"
"""Whose policies a test attaches wrongly, on purpose, signs so."""

VALUES = {
    "partition": "aws",
    "region": "eu-west-1",
    "account": "123456789012",
    "dns_suffix": "amazonaws.com",
    "log_group_name": "*",
    "image_parameter": "golden/*",
    "tag_key": TAG[0],
    "tag_value": TAG[1],
    "group_name": "*",
    "target_group_name": "*",
    "table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/repave",
    "s3_object_arns": "arn:aws:s3:::configurations/*",
    "ssm_parameter_arns": "arn:aws:ssm:eu-west-1:123456789012:parameter/repave/*",
    "secret_arns": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:repave/*",
    "kms_key_arns": "arn:aws:kms:eu-west-1:123456789012:key/none",
    "member_role_arns": f"arn:aws:iam::123456789012:role/{MEMBER_ROLE}",
}

LOOK = ("observe", "journal", "config")
ACT = (*LOOK, "act")
CHANGING = ("act", "launch_instances")

WORLDS: list[Path] = []
"""The wire log of every world in which the policies were in force, in this process."""


def document(name: str) -> Any:
    """One shipped policy, as IAM takes it."""
    return json.loads(Template((FOLDER / f"{name}.json").read_text(encoding="utf-8")).substitute(VALUES))


def tagged(groups: Sequence[GroupSpec]) -> list[GroupSpec]:
    """The groups, with the tag by which they say that Repave may change them."""
    return [group.model_copy(update={"tags": {**group.tags, TAG[0]: TAG[1]}}) for group in groups]


async def enforce(remote: RemoteWorld, wire_log: Path) -> None:
    """From now on daemons may do what the policies of their mode allow."""
    await remote.attach(f"{DAEMON_KEY}*", *map(document, ACT))
    await remote.attach(f"{LOOKING_KEY}*", *map(document, LOOK))
    await remote.attach(f"{LAUNCHING_KEY}*", *map(document, (*LOOK, *CHANGING)))
    await remote.attach(f"{MEMBERS_KEY}*", *map(document, (*LOOK, "assume")))
    await remote.attach(f"role/{MEMBER_ROLE}", *map(document, ("observe", "act")))
    WORLDS.append(wire_log)


def denied(requests: Iterable[object], but: str = MISTAKEN_KEY) -> list[str]:
    """What daemons asked for and were not allowed, each once. but: the keys of those that were set up so begin so."""
    found = {
        f"{one.call} by {one.key}: {one.error}"
        for one in requests
        if isinstance(one, Request) and one.ours and not (but and one.key.startswith(but))
        if one.error in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"} and not one.fault
    }
    return sorted(found)


def made() -> set[str]:
    """The actions that daemons have made use of, as IAM names them; those that AWS needed in their name included."""
    lines = (line for log in WORLDS for line in read_wire(log))
    return {need for one in lines if isinstance(one, Request) and one.ours and one.effect for need in one.needs}
