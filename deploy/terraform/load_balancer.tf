# Optional, internal, and for people whom the identity provider knows. The client's secret is read where it lies: Terraform
# keeps it in its state, as all that it gives to a listener, so the state has to be encrypted.
locals {
  with_load_balancer = var.create && var.load_balancer != null
}

data "aws_secretsmanager_secret_version" "oidc" {
  count = local.with_load_balancer ? 1 : 0

  secret_id = var.load_balancer.oidc.client_secret_arn
}

resource "aws_security_group" "load_balancer" {
  # checkov:skip=CKV2_AWS_5: it is attached to aws_lb.this
  count = local.with_load_balancer ? 1 : 0

  name        = "${var.name}-load-balancer"
  description = "The internal load balancer of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-load-balancer" })
}

resource "aws_vpc_security_group_ingress_rule" "people" {
  for_each = local.with_load_balancer ? toset(var.load_balancer.ingress_cidr_blocks) : toset([])

  security_group_id = aws_security_group.load_balancer[0].id
  description       = "People within the network"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "to_tasks" {
  count = local.with_load_balancer ? 1 : 0

  security_group_id            = aws_security_group.load_balancer[0].id
  description                  = "The tasks"
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  referenced_security_group_id = aws_security_group.this[0].id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "to_identity_provider" {
  count = local.with_load_balancer ? 1 : 0

  security_group_id = aws_security_group.load_balancer[0].id
  description       = "HTTPS: the identity provider"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
  tags              = local.tags
}

resource "aws_lb" "this" {
  # checkov:skip=CKV_AWS_91: `load_balancer.access_logs_bucket` switches them on; who asked for what is in the daemon's journal
  # checkov:skip=CKV2_AWS_28: it is internal, and people have logged in before anything is passed on
  count = local.with_load_balancer ? 1 : 0

  name                       = var.name
  internal                   = true
  load_balancer_type         = "application"
  subnets                    = var.load_balancer.subnet_ids
  security_groups            = aws_security_group.load_balancer[*].id
  drop_invalid_header_fields = true
  enable_deletion_protection = var.load_balancer.deletion_protection
  tags                       = local.tags

  dynamic "access_logs" {
    for_each = var.load_balancer.access_logs_bucket == null ? [] : [var.load_balancer.access_logs_bucket]

    content {
      bucket  = access_logs.value
      prefix  = var.name
      enabled = true
    }
  }
}

resource "aws_lb_target_group" "this" {
  # checkov:skip=CKV_AWS_378: the daemon speaks no TLS; this stretch lies between two security groups that know each other alone
  count = local.with_load_balancer ? 1 : 0

  name                 = var.name
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = local.port
  deregistration_delay = 15
  tags                 = local.tags

  # A standby is ready too: whoever is asked reads the same journal.
  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "this" {
  count = local.with_load_balancer ? 1 : 0

  load_balancer_arn = aws_lb.this[0].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
  certificate_arn   = var.load_balancer.certificate_arn
  tags              = local.tags

  default_action {
    type  = "authenticate-oidc"
    order = 1

    authenticate_oidc {
      issuer                     = var.load_balancer.oidc.issuer
      authorization_endpoint     = var.load_balancer.oidc.authorization_endpoint
      token_endpoint             = var.load_balancer.oidc.token_endpoint
      user_info_endpoint         = var.load_balancer.oidc.user_info_endpoint
      client_id                  = var.load_balancer.oidc.client_id
      client_secret              = data.aws_secretsmanager_secret_version.oidc[0].secret_string
      scope                      = var.load_balancer.oidc.scope
      session_timeout            = 28800
      on_unauthenticated_request = "authenticate"
    }
  }

  default_action {
    type             = "forward"
    order            = 2
    target_group_arn = aws_lb_target_group.this[0].arn
  }
}
