locals {
  config_in_s3  = var.config_content != null && var.config_bucket != null
  config_in_ssm = var.config_content != null && var.config_bucket == null

  config_key       = "${var.name}/repave.yaml"
  config_parameter = "/${var.name}/config"

  # Where the daemon reads its configuration from: where the caller keeps it, or where this module puts it.
  config = (
    local.config_in_s3 ? "s3://${var.config_bucket}/${local.config_key}" :
    local.config_in_ssm ? "ssm:${local.config_parameter}" :
    var.config == null ? "" : var.config
  )

  config_object_arns = startswith(local.config, "s3://") ? [
    "arn:${local.partition}:s3:::${trimprefix(local.config, "s3://")}"
  ] : []
  config_parameter_arns = startswith(local.config, "ssm:arn:") ? [trimprefix(local.config, "ssm:")] : startswith(local.config, "ssm:") ? [
    "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${trimprefix(trimprefix(local.config, "ssm:"), "/")}"
  ] : []
}

resource "aws_ssm_parameter" "config" {
  # checkov:skip=CKV2_AWS_34: it holds references to secrets, never secrets, and reviewers should see it change in a plan
  count = var.create && local.config_in_ssm ? 1 : 0

  name        = local.config_parameter
  description = "Configuration of ${var.name}; read again when it changes"
  type        = "String"
  tier        = "Intelligent-Tiering"
  value       = var.config_content
  tags        = local.tags

  # A daemon reads a changed configuration within moments: what it is to do, its role may do by then.
  depends_on = [aws_iam_role_policy.task]
}

resource "aws_s3_object" "config" {
  count = var.create && local.config_in_s3 ? 1 : 0

  bucket       = var.config_bucket
  key          = local.config_key
  content      = var.config_content
  content_type = "application/yaml"
  tags         = local.tags

  depends_on = [aws_iam_role_policy.task]
}
