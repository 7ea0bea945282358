# Everything at once, in two accounts.
mock_provider "aws" {
  source = "../../tests/mocks"
}

mock_provider "aws" {
  alias  = "shop"
  source = "../../tests/mocks"

  mock_data "aws_caller_identity" {
    defaults = { account_id = "444455556666" }
  }
}

override_resource {
  target = module.repave.aws_iam_role.task
  values = { arn = "arn:aws:iam::111122223333:role/platform/repave-prod-task" }
}

variables {
  image                        = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/repave:0.1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  cluster_arn                  = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"
  vpc_id                       = "vpc-0a1b2c3d"
  subnet_ids                   = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]
  shop_account                 = "444455556666"
  external_id                  = "0a1b2c3d4e5f"
  secret_arn                   = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:repave-AbCdEf"
  pager_secret_arn             = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:pager-AbCdEf"
  oidc_secret_arn              = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:oidc-AbCdEf"
  kms_key_arn                  = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d"
  config_bucket                = "configs"
  certificate_arn              = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d"
  access_logs_bucket           = "access-logs"
  prometheus_security_group_id = "sg-0a1b2c3d"
  alarm_topic_arn              = "arn:aws:sns:eu-west-1:111122223333:pager"
}

run "both_accounts_know_each_other" {
  assert {
    condition     = module.repave.task_role_arn == "arn:aws:iam::111122223333:role/platform/repave-prod-task"
    error_message = "The member trusts the daemon's own role."
  }
  assert {
    condition     = module.repave.config == "s3://configs/repave-prod/repave.yaml"
    error_message = "The configuration is in the bucket."
  }
  assert {
    condition     = module.repave.state_url == "dynamodb://repave-prod?region=eu-west-1" && strcontains(file("repave.yaml"), module.repave.state_url)
    error_message = "And names the table that the module makes."
  }
  assert {
    condition     = sort(keys(module.repave.alarm_arns)) == tolist(["not_looking", "not_looking_at_shop", "not_looking_at_web", "stopped", "too_few_tasks"])
    error_message = "Each fleet has its alarm."
  }
}
