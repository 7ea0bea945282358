data "aws_partition" "current" {
  count = var.create ? 1 : 0
}

data "aws_region" "current" {
  count = var.create ? 1 : 0
}

data "aws_caller_identity" "current" {
  count = var.create ? 1 : 0
}

locals {
  partition  = try(data.aws_partition.current[0].partition, "aws")
  dns_suffix = try(data.aws_partition.current[0].dns_suffix, "amazonaws.com")
  region     = try(data.aws_region.current[0].region, "")
  account    = try(data.aws_caller_identity.current[0].account_id, "")

  acts = var.mode != "observe"
  tags = merge({ "repave:service" = var.name }, var.tags)

  cluster_name = element(split("/", var.cluster_arn), 1)
}
