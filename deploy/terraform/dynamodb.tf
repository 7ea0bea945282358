locals {
  table_arn = var.create_table ? try(aws_dynamodb_table.this[0].arn, null) : var.table_arn
}

# The journal: all that has to outlive a task. Its keys and the attribute by which records expire are a contract with the
# daemon, which says so when they are others and creates no table itself.
resource "aws_dynamodb_table" "this" {
  # checkov:skip=CKV_AWS_119: without a key of your own AWS encrypts with one of its own; `table_kms_key_arn` is for the rest
  count = var.create && var.create_table ? 1 : 0

  name         = coalesce(var.table_name, var.name)
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at_epoch"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = var.table_kms_key_arn != null
    kms_key_arn = var.table_kms_key_arn
  }

  deletion_protection_enabled = var.table_deletion_protection
  tags                        = local.tags
}
