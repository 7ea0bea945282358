# What ECS does before the daemon runs: pull the image, hand over the secrets that are named, open the log. The daemon itself
# never has this role.
locals {
  # Of an image in ECR: its account, region and repository; of any other, nothing.
  ecr = try(regex("^(?P<account>[0-9]{12})\\.dkr[.-]ecr(?:-fips)?\\.(?P<region>[a-z0-9-]+)\\.(?:amazonaws\\.com(?:\\.cn)?|on\\.aws|on\\.amazonwebservices\\.com\\.cn)/(?P<repository>[^:@]+)", var.image), null)

  # A reference may end in a key of the secret's JSON, a version stage and a version: the policy names the secret alone.
  secret_arns    = sort(distinct([for arn in values(var.secrets) : join(":", slice(split(":", arn), 0, 7)) if strcontains(arn, ":secretsmanager:")]))
  parameter_arns = sort(distinct([for arn in values(var.secrets) : arn if strcontains(arn, ":ssm:")]))

  execution_statements = [for statement in [
    {
      Sid      = "WriteTheLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group_name}:*"]
    },
    {
      Sid      = "LogInToTheRegistry"
      Effect   = "Allow"
      Action   = ["ecr:GetAuthorizationToken"]
      Resource = local.ecr == null ? [] : ["*"]
    },
    {
      Sid    = "PullTheImage"
      Effect = "Allow"
      Action = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = local.ecr == null ? [] : [
        "arn:${local.partition}:ecr:${local.ecr.region}:${local.ecr.account}:repository/${local.ecr.repository}"
      ]
    },
    {
      Sid      = "HandOverSecrets"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.secret_arns
    },
    {
      Sid      = "HandOverParameters"
      Effect   = "Allow"
      Action   = ["ssm:GetParameters"]
      Resource = local.parameter_arns
    },
    {
      Sid      = "DecryptWhatIsHandedOver"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = length(var.secrets) > 0 ? var.kms_key_arns : []
    },
  ] : statement if length(statement.Resource) > 0]
}

resource "aws_iam_role" "execution" {
  count = var.create ? 1 : 0

  name                 = "${var.name}-execution"
  path                 = var.iam_path
  description          = "What ECS may do to start ${var.name}"
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = templatefile("${local.iam_files}/trust_task.json", local.placeholders)
  tags                 = local.tags
}

resource "aws_iam_role_policy" "execution" {
  # checkov:skip=CKV_AWS_355: ecr:GetAuthorizationToken knows no resource; all else names its own
  count = var.create ? 1 : 0

  name   = "start"
  role   = aws_iam_role.execution[0].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.execution_statements })
}
