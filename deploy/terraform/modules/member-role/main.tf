data "aws_partition" "current" {
  count = var.create ? 1 : 0
}

data "aws_region" "current" {
  count = var.create ? 1 : 0
}

data "aws_caller_identity" "current" {
  count = var.create ? 1 : 0
}

# The policies are the ones of deploy/iam, which are generated from the calls that the daemon's code can make.
locals {
  iam_files = "${path.module}/../../../iam"

  placeholders = {
    partition         = try(data.aws_partition.current[0].partition, "aws")
    region            = coalesce(var.region, try(data.aws_region.current[0].region, null), "*")
    account           = try(data.aws_caller_identity.current[0].account_id, "")
    log_group_name    = var.observed_log_groups
    image_parameter   = var.image_parameter
    tag_key           = var.managed_tag.key
    tag_value         = var.managed_tag.value
    group_name        = var.group_name
    target_group_name = var.target_group_name
    daemon_role_arn   = var.daemon_role_arn
    external_id       = var.external_id
  }

  policies = var.mode == "observe" ? ["observe"] : concat(["observe", "act"], var.launch_instances ? ["launch_instances"] : [])
}

resource "aws_iam_role" "this" {
  count = var.create ? 1 : 0

  name                 = var.name
  path                 = var.iam_path
  description          = "What Repave may do in this account, in mode ${var.mode}"
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = templatefile("${local.iam_files}/trust_member.json", local.placeholders)
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = var.create ? toset(local.policies) : toset([])

  name   = each.key
  role   = aws_iam_role.this[0].name
  policy = templatefile("${local.iam_files}/${each.key}.json", local.placeholders)
}
