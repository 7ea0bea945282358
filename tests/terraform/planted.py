"""Mistakes that somebody could make in deploy/terraform, and what has to be said of each."""

from dataclasses import dataclass

SERVICE = ("test", "-filter=tests/service.tftest.hcl")
ROLES = ("test", "-filter=tests/roles.tftest.hcl")
SHELL = "  validation {\n    condition     = !var.enable_execute_command"


@dataclass(frozen=True)
class Mistake:
    """`before` becomes `after` in `file` (below deploy/terraform/folder); then `command` fails and says `said`."""

    name: str
    file: str
    before: str
    after: str
    said: str
    command: tuple[str, ...] = SERVICE
    folder: str = "."


MISTAKES = (
    Mistake(
        "a misspelt argument",
        "service.tf",
        "desired_count    = var.desired_count",
        "desired_cout     = var.desired_count",
        'An argument named "desired_cout" is not expected here. Did you mean',
        ("validate",),
    ),
    Mistake(
        "an argument that is missing",
        "service.tf",
        "    subnets          = var.subnet_ids\n",
        "",
        'The argument "subnets" is required',
        ("validate",),
    ),
    Mistake(
        "a resource that there is not",
        "logs.tf",
        'resource "aws_cloudwatch_log_group" "this"',
        'resource "aws_cloudwatch_log_grp" "this"',
        'does not support resource type "aws_cloudwatch_log_grp"',
        ("validate",),
    ),
    Mistake(
        "an observing role with the policy to act",
        "iam.tf",
        'local.acts ? ["act"] : []',
        '["act"]',
        "In mode observe the task has no policy by which it could act.",
        ROLES,
    ),
    Mistake(
        "an observing policy that can terminate",
        "../iam/observe.json",
        '"autoscaling:DescribeTags"',
        '"autoscaling:DescribeTags",\n        "autoscaling:TerminateInstanceInAutoScalingGroup"',
        "A role that observes has no action that changes anything",
        ROLES,
    ),
    Mistake(
        "an unpinned image",
        "tests/service.tftest.hcl",
        "repave:0.1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "repave:latest",
        "image has to end in its digest",
    ),
    Mistake(
        "an open door",
        "security_group.tf",
        "for_each = var.create ? var.ingress_security_group_ids : {}",
        'for_each = { everybody = "sg-0a1b" }',
        "No ingress.",
    ),
    Mistake(
        "a shell in the container",
        "variables.tf",
        f"  default     = false\n  nullable    = false\n\n{SHELL}",
        f"  default     = true\n  nullable    = false\n\n{SHELL}",
        "No ECS Exec.",
    ),
    Mistake(
        "a root file system that can be written to",
        "container.tf",
        "readonlyRootFilesystem = !var.enable_execute_command",
        "readonlyRootFilesystem = false",
        "A root file system that is read-only",
    ),
    Mistake(
        "an alarm about a metric that nobody writes",
        "alarms.tf",
        'metric_name         = "Looks"',
        'metric_name         = "Looked"',
        "The alarm reads the metric that the filter writes.",
    ),
    Mistake(
        "a member role without an external id",
        "main.tf",
        "external_id       = var.external_id",
        'external_id       = ""',
        "And it has to say the external id.",
        ("test",),
        "modules/member-role",
    ),
)
