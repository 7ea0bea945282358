locals {
  log_group_name = coalesce(var.log_group_name, "/ecs/${var.name}")
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: CloudWatch encrypts with a key of its own; `log_kms_key_arn` is for who needs another
  # checkov:skip=CKV_AWS_338: what has to be kept for a year is in the journal and in the traces; lines are for finding faults
  count = var.create ? 1 : 0

  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = local.tags
}
