# Everything: a daemon that acts, in this account and in another one, with a page for people, alarms, keys of its own, and
# telemetry from New Relic and Prometheus.

provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "shop"
  region = "eu-west-1"

  assume_role {
    role_arn = "arn:aws:iam::${var.shop_account}:role/terraform"
  }
}

locals {
  name = "repave-prod"
  tags = { environment = "prod", team = "platform" }

  # Written out, because each of the two modules has to know the other's role.
  shop_role_arn = "arn:aws:iam::${var.shop_account}:role/platform/${local.name}-member"
}

module "repave" {
  source = "../.."

  name = local.name
  tags = local.tags
  mode = "act"

  image            = var.image
  cpu              = 1024
  memory           = 2048
  cpu_architecture = "ARM64"
  environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT = "https://otlp.eu01.nr-data.net"
    OTEL_SERVICE_NAME           = local.name
  }
  secrets = {
    OTEL_EXPORTER_OTLP_HEADERS = "${var.secret_arn}:otlp_headers::"
    NEW_RELIC_API_KEY          = "${var.secret_arn}:new_relic_api_key::"
    REPAVE_TOKEN               = "${var.secret_arn}:repave_token::"
  }

  cluster_arn           = var.cluster_arn
  wait_for_steady_state = true

  config_content = templatefile("${path.module}/repave.yaml", {
    shop_role_arn = local.shop_role_arn
    external_id   = var.external_id
  })
  config_bucket      = var.config_bucket
  config_secret_arns = [var.pager_secret_arn]
  kms_key_arns       = [var.kms_key_arn]
  table_kms_key_arn  = var.kms_key_arn
  log_kms_key_arn    = var.kms_key_arn

  member_role_arns    = [local.shop_role_arn]
  group_name          = "web-*"
  observed_log_groups = "/web/*"
  iam_path            = "/platform/"

  vpc_id                     = var.vpc_id
  subnet_ids                 = var.subnet_ids
  egress                     = { prometheus = { port = 9090, security_group_id = var.prometheus_security_group_id } }
  ingress_security_group_ids = { prometheus = var.prometheus_security_group_id }

  load_balancer = {
    subnet_ids          = var.subnet_ids
    certificate_arn     = var.certificate_arn
    ingress_cidr_blocks = ["10.0.0.0/8"]
    access_logs_bucket  = var.access_logs_bucket
    oidc = {
      issuer                 = "https://login.example.org"
      authorization_endpoint = "https://login.example.org/authorize"
      token_endpoint         = "https://login.example.org/token"
      user_info_endpoint     = "https://login.example.org/userinfo"
      client_id              = "repave"
      client_secret_arn      = var.oidc_secret_arn
    }
  }

  log_retention_days = 365
  alarm_topic_arns   = [var.alarm_topic_arn]
  alarm_fleets       = ["web", "shop"]
}

module "shop" {
  source    = "../../modules/member-role"
  providers = { aws = aws.shop }

  name            = "${local.name}-member"
  iam_path        = "/platform/"
  tags            = local.tags
  mode            = "act"
  daemon_role_arn = module.repave.task_role_arn
  external_id     = var.external_id
  group_name      = "shop-*"
}
