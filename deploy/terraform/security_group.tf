# Nothing may come in unless it is named. The daemon calls out: AWS, telemetry, traces.
resource "aws_security_group" "this" {
  # checkov:skip=CKV2_AWS_5: it is attached to the service's tasks, by network_configuration of aws_ecs_service.this
  count = var.create ? 1 : 0

  name        = var.name
  description = "Tasks of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = var.name })
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = var.create ? toset(var.https_egress_cidr_blocks) : toset([])

  security_group_id = aws_security_group.this[0].id
  description       = "HTTPS: AWS, telemetry, traces"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "other" {
  for_each = var.create ? var.egress : {}

  security_group_id            = aws_security_group.this[0].id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  cidr_ipv4                    = each.value.cidr_block
  referenced_security_group_id = each.value.security_group_id
  tags                         = local.tags
}

# Who may ask it: security groups by name, never an address. With a load balancer, that one besides.
resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = var.create ? var.ingress_security_group_ids : {}

  security_group_id            = aws_security_group.this[0].id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  referenced_security_group_id = each.value
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  count = local.with_load_balancer ? 1 : 0

  security_group_id            = aws_security_group.this[0].id
  description                  = "The load balancer"
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  referenced_security_group_id = aws_security_group.load_balancer[0].id
  tags                         = local.tags
}
