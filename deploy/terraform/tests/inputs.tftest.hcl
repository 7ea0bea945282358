# Wrong inputs are refused, each by the variable that is wrong.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  image       = "ghcr.io/example/repave:0.1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  cluster_arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"
  vpc_id      = "vpc-0a1b2c3d"
  subnet_ids  = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]
  config      = "ssm:/repave/config"
}

run "an_image_without_its_digest" {
  command = plan
  variables { image = "ghcr.io/example/repave:0.1.0" }
  expect_failures = [var.image]
}

run "a_shell_that_could_terminate" {
  command = plan
  variables {
    mode                   = "act"
    enable_execute_command = true
  }
  expect_failures = [var.enable_execute_command]
}

run "a_secret_by_value" {
  command = plan
  variables { secrets = { REPAVE_TOKEN = "hunter2hunter2hunter2" } }
  expect_failures = [var.secrets]
}

run "a_secret_among_the_environment" {
  command = plan
  variables { environment = { REPAVE_TOKEN = "hunter2hunter2hunter2" } }
  expect_failures = [var.environment]
}

run "one_subnet" {
  command = plan
  variables { subnet_ids = ["subnet-0a1b2c3d"] }
  expect_failures = [var.subnet_ids]
}

run "an_address_let_in" {
  command = plan
  variables { ingress_security_group_ids = { everybody = "0.0.0.0/0" } }
  expect_failures = [var.ingress_security_group_ids]
}

run "two_configurations" {
  command = plan
  variables { config_content = "version: 1\n" }
  expect_failures = [var.config]
}

run "no_configuration" {
  command = plan
  variables { config = null }
  expect_failures = [var.config]
}

run "a_configuration_beyond_the_role" {
  command = plan
  variables {
    config         = null
    config_content = "version: 1\nmode: act\n"
  }
  expect_failures = [var.config_content]
}

run "one_fleet_beyond_the_role" {
  command = plan
  variables {
    config         = null
    config_content = "version: 1\nfleets: {web: {asg: {name: web}, mode: act}, api: {asg: {name: api}}}\n"
  }
  expect_failures = [var.config_content]
}

run "all_fleets_beyond_the_role" {
  command = plan
  variables {
    config         = null
    config_content = "version: 1\ndefaults: {mode: ask}\nfleets: {web: {asg: {name: web}}}\n"
  }
  expect_failures = [var.config_content]
}

run "a_launch_beyond_the_role" {
  command = plan
  variables {
    mode           = "act"
    config         = null
    config_content = "version: 1\nfleets: {web: {asg: {name: web, launch: launch_instances}, mode: act}}\n"
  }
  expect_failures = [var.launch_instances]
}

run "memory_that_fargate_has_not" {
  command = plan
  variables { memory = 512 }
  expect_failures = [var.memory]
}

run "two_journals" {
  command = plan
  variables { table_arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/other" }
  expect_failures = [var.table_arn]
}

run "any_role_of_another_account" {
  command = plan
  variables { member_role_arns = ["arn:aws:iam::444455556666:role/*"] }
  expect_failures = [var.member_role_arns]
}

run "alarms_that_could_not_hear" {
  command = plan
  variables { log_level = "error" }
  expect_failures = [var.log_level]
}

run "a_load_balancer_for_the_internet" {
  command = plan
  variables {
    load_balancer = {
      subnet_ids          = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]
      certificate_arn     = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b"
      ingress_cidr_blocks = ["0.0.0.0/0"]
      oidc = {
        issuer                 = "https://login.example.org"
        authorization_endpoint = "https://login.example.org/authorize"
        token_endpoint         = "https://login.example.org/token"
        user_info_endpoint     = "https://login.example.org/userinfo"
        client_id              = "repave"
        client_secret_arn      = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:oidc-AbCdEf"
      }
    }
  }
  expect_failures = [var.load_balancer]
}
