"""What the policies in deploy/iam say beside law 1's lists: for what each action is, on what, under which condition.

The actions themselves are listed in the code (controller/clients/aws.py, READS, MUTATIONS and DEPENDENT); whoever adds
a call there has to say here what it is for, or tools/iam_policies.py refuses. `${...}` are placeholders, in the syntax
of Terraform's templatefile; PLACEHOLDERS says what each one is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

GUIDE = "https://docs.aws.amazon.com/autoscaling/ec2/userguide"
LAUNCHING = f"{GUIDE}/launching-instances-synchronous-provisioning.html"
TABLES = "https://docs.aws.amazon.com/service-authorization/latest/reference"

TAGGED = {"StringEquals": {"aws:ResourceTag/${tag_key}": "${tag_value}"}}
GROUPS = "arn:${partition}:autoscaling:${region}:${account}:autoScalingGroup:*:autoScalingGroupName/${group_name}"
TARGET_GROUPS = "arn:${partition}:elasticloadbalancing:${region}:${account}:targetgroup/${target_group_name}/*"
LOG_GROUPS = "arn:${partition}:logs:${region}:${account}:log-group:${log_group_name}"
IMAGE_PARAMETERS = (
    "arn:${partition}:ssm:${region}::parameter/aws/service/*",
    "arn:${partition}:ssm:${region}:${account}:parameter/${image_parameter}",
)
NOT_SCOPED = "AWS supports no narrower resource for it"

PLACEHOLDERS = {
    "partition": "`aws`, `aws-cn`, `aws-us-gov`",
    "region": "`eu-west-1`; `*` for several",
    "account": "the account's twelve digits",
    "dns_suffix": "`amazonaws.com`, in China `amazonaws.com.cn`",
    "log_group_name": "a log group or a pattern, `/web/*`; `*` for any",
    "image_parameter": "`resolve:ssm:` parameters of your own, without the first slash: `golden/*`",
    "tag_key": "the tag by which groups and target groups say that Repave may change them: `repave`",
    "tag_value": "its value: `managed`",
    "group_name": "an Auto Scaling group's name or a pattern, `web-*`; `*` leaves it to the tag",
    "target_group_name": "a target group's name or a pattern; `*` leaves it to the tag",
    "table_arn": "the DynamoDB table",
    "s3_object_arns": "list: `arn:aws:s3:::bucket/repave.yaml`",
    "ssm_parameter_arns": "list: the parameter that holds the configuration",
    "secret_arns": "list: each `{secretsmanager: NAME}` in the configuration",
    "kms_key_arns": "list: the customer managed keys that encrypt any of these",
    "member_role_arns": "list: each `role_arn` in the configuration",
    "daemon_role_arn": "the daemon's task role",
    "external_id": "the fleet's `external_id`",
}
"""What each one is. A list stands alone in its array: join its values with `", "`, quotes included."""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. actions: as IAM names them, each with what it is for. resources: `*` needs a `wide`,
    which says why. dependent_of: where Repave does not make the call itself, the action that needs it. source: where
    AWS says so, if its tables (the service authorization reference) alone do not."""

    policy: str
    sid: str
    actions: Mapping[str, str]
    resources: tuple[str, ...] = ("*",)
    wide: str = ""
    condition: Mapping[str, Mapping[str, str | list[str]]] = field(default_factory=dict)
    dependent_of: str = ""
    source: str = ""


OBSERVE = (
    Statement(
        "observe",
        "ReadGroups",
        {
            "autoscaling:DescribeAutoScalingGroups": "members, desired capacity, bounds, suspended processes",
            "autoscaling:DescribeInstanceRefreshes": "whether a refresh is under way: nothing is begun then",
            "autoscaling:DescribeScalingActivities": "who launched what, and which launches failed",
            "autoscaling:DescribeScheduledActions": "whether the group is about to scale: nothing is begun then",
            "autoscaling:DescribeTags": "`repave:hold` and `repave:stateful` on a group",
        },
        wide=NOT_SCOPED,
    ),
    Statement(
        "observe",
        "ReadInstancesAndImages",
        {
            "ec2:DescribeImages": "an image's date",
            "ec2:DescribeInstanceImageMetadata": "the dates of all images of a fleet at once, of deregistered ones too",
            "ec2:DescribeInstances": "birth, zone, image, addresses, attached volumes",
            "ec2:DescribeLaunchTemplateVersions": "what a launch would make now; `drift`",
            "ec2:DescribeTags": "`repave:hold` and `repave:stateful` on an instance",
        },
        wide=NOT_SCOPED,
    ),
    Statement(
        "observe",
        "ReadImageParameters",
        {"ssm:GetParameter": "what `resolve:ssm:` in a launch template means now, where EC2 does not tell"},
        IMAGE_PARAMETERS,
    ),
    Statement(
        "observe",
        "ResolveImageParameters",
        {"ssm:GetParameters": "EC2 reads the parameter in the caller's name when it is asked with ResolveAlias"},
        IMAGE_PARAMETERS,
        dependent_of="ec2:DescribeLaunchTemplateVersions",
    ),
    Statement(
        "observe",
        "ReadTargetHealth",
        {"elasticloadbalancing:DescribeTargetHealth": "groups with target groups; the probe `target_health`"},
        wide=NOT_SCOPED,
    ),
    Statement(
        "observe",
        "ReadInstanceStatus",
        {"ec2:DescribeInstanceStatus": "the probe `ec2_status`"},
        wide=NOT_SCOPED,
    ),
    Statement(
        "observe",
        "ReadMetrics",
        {
            "cloudwatch:GetMetricData": "the probe `cloudwatch`",
            "cloudwatch:ListMetrics": "the probe `cloudwatch`: which dimensions a metric has that was not found",
        },
        wide=NOT_SCOPED,
    ),
    Statement(
        "observe",
        "SearchLogs",
        {
            "logs:FilterLogEvents": "the probe `cloudwatch_logs`: a few lines as evidence",
            "logs:StartQuery": "the probe `cloudwatch_logs`: how many lines match",
        },
        (LOG_GROUPS, LOG_GROUPS + ":*"),
    ),
    Statement(
        "observe",
        "ReadLogQueries",
        {
            "logs:GetQueryResults": "the probe `cloudwatch_logs`: the answer to its query",
            "logs:StopQuery": "the probe `cloudwatch_logs`: takes back its query when nobody waits for it any more",
        },
        wide="a query is named by its id, which belongs to no log group",
    ),
)

ACT = (
    Statement(
        "act",
        "ReplaceInGroups",
        {
            "autoscaling:SetDesiredCapacity": "launches a successor: desired plus one",
            "autoscaling:SetInstanceProtection": "keeps the group from taking a successor away before it is proven",
            "autoscaling:TerminateInstanceInAutoScalingGroup": "takes a predecessor, or a successor that is no good, "
            "out of its group, and desired down by one",
        },
        (GROUPS,),
        condition=TAGGED,
    ),
    Statement(
        "act",
        "MoveTraffic",
        {
            "elasticloadbalancing:DeregisterTargets": "drains a predecessor from its target groups",
            "elasticloadbalancing:RegisterTargets": "puts it back when the replacement is undone",
        },
        (TARGET_GROUPS,),
        condition=TAGGED,
    ),
)

LAUNCH_INSTANCES = (
    Statement(
        "launch_instances",
        "LaunchIntoGroups",
        {
            "autoscaling:LaunchInstances": "`launch: launch_instances`: a successor in the predecessor's zone, with a "
            "token"
        },
        (GROUPS,),
        condition=TAGGED,
        source=LAUNCHING,
    ),
    Statement(
        "launch_instances",
        "LaunchByFleet",
        {"ec2:CreateFleet": "Auto Scaling has EC2 launch in the caller's name"},
        ("arn:${partition}:ec2:${region}:*:*/*",),
        wide="what is launched does not exist yet, and its image may be another account's: the region alone is known",
        dependent_of="autoscaling:LaunchInstances",
        source=LAUNCHING,
    ),
    Statement(
        "launch_instances",
        "LaunchFromTemplates",
        {"ec2:DescribeLaunchTemplateVersions": "Auto Scaling reads the launch template in the caller's name"},
        wide=NOT_SCOPED,
        dependent_of="autoscaling:LaunchInstances",
        source=LAUNCHING,
    ),
    Statement(
        "launch_instances",
        "TagWhatIsLaunched",
        {"ec2:CreateTags": "launch templates that tag what they launch; what exists already cannot be tagged by it"},
        ("arn:${partition}:ec2:${region}:${account}:*/*",),
        condition={"StringEquals": {"ec2:CreateAction": ["CreateFleet", "RunInstances"]}},
        dependent_of="ec2:CreateFleet",
    ),
)

JOURNAL = (
    Statement(
        "journal",
        "KeepTheJournal",
        {
            "dynamodb:ConditionCheckItem": "conditions of a transaction: leases, budgets, holds",
            "dynamodb:DeleteItem": "what was delivered, and what expired",
            "dynamodb:DescribeTable": "whether the table is there, with the right keys",
            "dynamodb:DescribeTimeToLive": "whether old records go by themselves",
            "dynamodb:GetItem": "reads",
            "dynamodb:PutItem": "writes",
            "dynamodb:Query": "reads",
            "dynamodb:UpdateItem": "writes",
        },
        ("${table_arn}",),
    ),
)

CONFIG = (
    Statement(
        "config",
        "ReadConfigurationObject",
        {"s3:GetObject": "REPAVE_CONFIG=s3://bucket/key, which is read again when it changes"},
        ("${s3_object_arns}",),
    ),
    Statement(
        "config",
        "ReadConfigurationParameter",
        {"ssm:GetParameter": "REPAVE_CONFIG=ssm:/name, which is read again when it changes"},
        ("${ssm_parameter_arns}",),
    ),
    Statement(
        "config",
        "ReadSecrets",
        {"secretsmanager:GetSecretValue": "`{secretsmanager: NAME}`, read as the daemon whatever role a fleet has"},
        ("${secret_arns}",),
    ),
    Statement(
        "config",
        "DecryptConfiguration",
        {"kms:Decrypt": "what a key of your own encrypts; S3, SSM and Secrets Manager ask in the caller's name"},
        ("${kms_key_arns}",),
        condition={
            "StringLike": {
                "kms:ViaService": [f"{name}.${{region}}.${{dns_suffix}}" for name in ("s3", "secretsmanager", "ssm")]
            }
        },
        dependent_of="secretsmanager:GetSecretValue",
        source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
    ),
)

ASSUME = (
    Statement(
        "assume",
        "ActAsMembers",
        {"sts:AssumeRole": "fleets with `role_arn`: the SDK takes the role on, and calls all else as that role"},
        ("${member_role_arns}",),
    ),
)

STATEMENTS = (*OBSERVE, *ACT, *LAUNCH_INSTANCES, *JOURNAL, *CONFIG, *ASSUME)

TRUST = {
    "trust_task": {
        "Sid": "TasksOfThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "${account}"},
            "ArnLike": {"aws:SourceArn": "arn:${partition}:ecs:${region}:${account}:*"},
        },
    },
    "trust_member": {
        "Sid": "TheDaemonOfAnotherAccount",
        "Effect": "Allow",
        "Principal": {"AWS": "${daemon_role_arn}"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "${external_id}"}},
    },
}
"""Trust policies: who may take a role on. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
for the conditions of the first."""
