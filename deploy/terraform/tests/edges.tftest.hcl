# The page behind a load balancer, the configuration that the module keeps, and a shell that was asked for.
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

run "people_log_in_first" {
  variables {
    load_balancer = {
      subnet_ids          = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]
      certificate_arn     = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b"
      ingress_cidr_blocks = ["10.0.0.0/8"]
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

  assert {
    condition     = aws_lb.this[0].internal && aws_lb_listener.this[0].protocol == "HTTPS"
    error_message = "Internal, and encrypted."
  }
  assert {
    condition     = [for action in aws_lb_listener.this[0].default_action : action.type] == ["authenticate-oidc", "forward"]
    error_message = "Nothing is passed on before somebody has logged in."
  }
  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.people : rule.cidr_ipv4] == ["10.0.0.0/8"] && length(aws_vpc_security_group_ingress_rule.load_balancer) == 1
    error_message = "From the inner network to the load balancer, and from that alone to the tasks."
  }
  assert {
    condition     = [for one in aws_ecs_service.this[0].load_balancer : one.container_port] == [8080] && aws_lb_target_group.this[0].health_check[0].path == "/readyz"
    error_message = "The tasks are its targets, by their readiness."
  }
}

run "a_configuration_is_kept_as_a_parameter" {
  variables {
    config         = null
    config_content = "version: 1\nmode: observe\n"
  }

  assert {
    condition     = aws_ssm_parameter.config[0].name == "/repave/config" && output.config == "ssm:/repave/config" && length(aws_s3_object.config) == 0
    error_message = "In SSM, and the daemon knows where."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.task["config"].policy).Statement[0].Resource == ["arn:aws:ssm:eu-west-1:111122223333:parameter/repave/config"]
    error_message = "And may read it."
  }
}

run "or_as_an_object" {
  variables {
    config         = null
    config_content = "version: 1\nfleets: {shop: {asg: {name: shop, role_arn: x, launch: launch_instances}, mode: act}}\n"
    config_bucket  = "configs"
  }

  assert {
    condition     = aws_s3_object.config[0].key == "repave/repave.yaml" && output.config == "s3://configs/repave/repave.yaml" && length(aws_ssm_parameter.config) == 0
    error_message = "In S3, and the daemon knows where."
  }
}

run "or_a_parameter_of_another_account" {
  variables {
    config = "ssm:arn:aws:ssm:eu-west-1:444455556666:parameter/shared/repave"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.task["config"].policy).Statement[0].Resource == ["arn:aws:ssm:eu-west-1:444455556666:parameter/shared/repave"]
    error_message = "By its ARN, and that one may be read."
  }
}

run "a_shell_only_as_asked" {
  variables {
    enable_execute_command = true
  }

  assert {
    condition     = aws_ecs_service.this[0].enable_execute_command && !output.container_definition.readonlyRootFilesystem && output.container_definition.linuxParameters.initProcessEnabled
    error_message = "ECS Exec needs files that it can write, and something that reaps its processes."
  }
}

run "a_journal_elsewhere" {
  variables {
    create_table = false
  }

  assert {
    condition     = length(aws_dynamodb_table.this) == 0 && !contains(keys(aws_iam_role_policy.task), "journal") && output.state_url == null
    error_message = "Without a table the task has no permission on one."
  }
}
