# The policies are the ones of deploy/iam, which are generated from the calls that the daemon's code can make. A statement
# whose list came out empty is left out: IAM takes no empty resource.
locals {
  iam_files = "${path.module}/../iam"

  placeholders = {
    partition         = local.partition
    dns_suffix        = local.dns_suffix
    region            = local.region
    account           = local.account
    log_group_name    = var.observed_log_groups
    image_parameter   = var.image_parameter
    tag_key           = var.managed_tag.key
    tag_value         = var.managed_tag.value
    group_name        = var.group_name
    target_group_name = var.target_group_name
    table_arn         = coalesce(local.table_arn, "none")

    s3_object_arns     = join("\", \"", local.config_object_arns)
    ssm_parameter_arns = join("\", \"", local.config_parameter_arns)
    secret_arns        = join("\", \"", var.config_secret_arns)
    kms_key_arns       = join("\", \"", var.kms_key_arns)
    member_role_arns   = join("\", \"", var.member_role_arns)
  }

  # Which policies the task has. What they say may be known only after apply (the table's ARN); that they are there, before.
  task_policies = toset(concat(
    ["observe", "config"],
    local.acts ? ["act"] : [],
    local.acts && var.launch_instances ? ["launch_instances"] : [],
    var.create_table || var.table_arn != null ? ["journal"] : [],
    length(var.member_role_arns) > 0 ? ["assume"] : [],
  ))

  task_policy_documents = {
    for name in local.task_policies :
    name => jsondecode(templatefile("${local.iam_files}/${name}.json", merge(
      local.placeholders,
      # The configuration and its keys are where the service is, all else is where the fleets are.
      name == "config" ? {} : { region = coalesce(var.fleet_region, local.region, "*") },
    )))
  }
}

resource "aws_iam_role" "task" {
  count = var.create ? 1 : 0

  name                 = "${var.name}-task"
  path                 = var.iam_path
  description          = "What ${var.name} itself may do, in mode ${var.mode}"
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = templatefile("${local.iam_files}/trust_task.json", local.placeholders)
  tags                 = local.tags
}

resource "aws_iam_role_policy" "task" {
  for_each = var.create ? local.task_policies : toset([])

  name = each.key
  role = aws_iam_role.task[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in local.task_policy_documents[each.key].Statement :
      statement if !contains(flatten([statement.Resource]), "")
    ]
  })
}

# A key of your own on the table: DynamoDB asks for it in the caller's name.
resource "aws_iam_role_policy" "table_key" {
  count = var.create && var.table_kms_key_arn != null ? 1 : 0

  name = "table_key"
  role = aws_iam_role.task[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "UseTheKeyOfTheTable"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:DescribeKey"]
      Resource  = [var.table_kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${local.region}.${local.dns_suffix}" } }
    }]
  })
}

# ECS Exec, where it is switched on: four calls that know no narrower resource.
resource "aws_iam_role_policy" "execute_command" {
  # checkov:skip=CKV_AWS_355: AWS supports no resource for ssmmessages
  # checkov:skip=CKV_AWS_290: AWS supports no resource for ssmmessages
  count = var.create && var.enable_execute_command ? 1 : 0

  name = "execute_command"
  role = aws_iam_role.task[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "OpenAChannel"
      Effect = "Allow"
      Action = [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ]
      Resource = ["*"]
    }]
  })
}
