# The service as most have it: two tasks that look, and nothing that could get in.
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

run "two_tasks_overlap_and_hand_over" {
  assert {
    condition     = aws_ecs_service.this[0].desired_count == 2 && aws_ecs_service.this[0].launch_type == "FARGATE"
    error_message = "Two tasks on Fargate."
  }
  assert {
    condition     = aws_ecs_service.this[0].deployment_minimum_healthy_percent == 100 && aws_ecs_service.this[0].deployment_maximum_percent == 200
    error_message = "A new task is there before an old one goes: somebody takes the leases over."
  }
  assert {
    condition     = aws_ecs_service.this[0].deployment_circuit_breaker[0].enable && aws_ecs_service.this[0].deployment_circuit_breaker[0].rollback
    error_message = "A deployment that does not come up is rolled back."
  }
  assert {
    condition     = aws_ecs_service.this[0].availability_zone_rebalancing == "ENABLED" && aws_ecs_service.this[0].platform_version == "LATEST"
    error_message = "Zones are evened out, on the newest platform."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this[0].container_definitions)[0].stopTimeout == 120
    error_message = "SIGTERM leaves 120 seconds to finish a call and give the leases up."
  }
}

run "nothing_gets_in" {
  assert {
    condition     = !aws_ecs_service.this[0].enable_execute_command && length(aws_iam_role_policy.execute_command) == 0
    error_message = "No ECS Exec."
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.this) == 0 && length(aws_vpc_security_group_ingress_rule.load_balancer) == 0
    error_message = "No ingress."
  }
  assert {
    condition     = !aws_ecs_service.this[0].network_configuration[0].assign_public_ip && length(aws_lb.this) == 0
    error_message = "No public address, no load balancer."
  }
  assert {
    condition     = [for rule in aws_vpc_security_group_egress_rule.https : rule.to_port] == [443] && length(aws_vpc_security_group_egress_rule.other) == 0
    error_message = "Out by HTTPS alone."
  }
}

run "the_container_can_do_nothing_else" {
  assert {
    condition     = output.container_definition.readonlyRootFilesystem && !output.container_definition.privileged
    error_message = "A root file system that is read-only, no privileges."
  }
  assert {
    condition     = output.container_definition.user == "65532:65532" && output.container_definition.linuxParameters.capabilities.drop == ["ALL"]
    error_message = "No user of the system, no capability."
  }
  assert {
    condition     = output.container_definition.healthCheck.command[0] == "CMD"
    error_message = "A health check without a shell: the image has none to offer."
  }
  assert {
    condition     = { for one in output.container_definition.environment : one.name => one.value } == { AWS_REGION = "eu-west-1", REPAVE_CONFIG = "ssm:/repave/config", REPAVE_LOG_LEVEL = "info" }
    error_message = "The daemon is told where its configuration is, and no more."
  }
}

run "the_journal_is_kept" {
  assert {
    condition     = aws_dynamodb_table.this[0].hash_key == "pk" && aws_dynamodb_table.this[0].range_key == "sk" && aws_dynamodb_table.this[0].ttl[0].attribute_name == "expires_at_epoch"
    error_message = "Keys and expiry are a contract with the daemon."
  }
  assert {
    condition     = aws_dynamodb_table.this[0].deletion_protection_enabled && aws_dynamodb_table.this[0].point_in_time_recovery[0].enabled
    error_message = "Protected from deletion, recoverable."
  }
  assert {
    condition     = output.state_url == "dynamodb://repave?region=eu-west-1"
    error_message = "The output says what the configuration has to say."
  }
}

run "alarms_read_what_exists" {
  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:111122223333:pager"]
    alarm_fleets     = ["web"]
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.not_looking[0].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.fleet_not_looking["web"].treat_missing_data == "breaching"
    error_message = "Silence is not health: a daemon that says nothing is not looking."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.not_looking[0].metric_name == "Looks" && aws_cloudwatch_log_metric_filter.this["Looks"].metric_transformation[0].name == "Looks"
    error_message = "The alarm reads the metric that the filter writes."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.stopped[0].metric_name == aws_cloudwatch_log_metric_filter.this["Stopped"].metric_transformation[0].name
    error_message = "The alarm reads the metric that the filter writes."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.too_few_tasks[0].threshold == 2 && aws_cloudwatch_metric_alarm.too_few_tasks[0].dimensions == tomap({ ClusterName = "prod", ServiceName = "repave" })
    error_message = "Fewer tasks than wanted."
  }
  assert {
    condition     = alltrue([for alarm in [aws_cloudwatch_metric_alarm.not_looking[0], aws_cloudwatch_metric_alarm.stopped[0], aws_cloudwatch_metric_alarm.too_few_tasks[0]] : alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:pager"])])
    error_message = "Every alarm tells somebody."
  }
}

run "nothing_at_all" {
  variables {
    create = false
    config = null
  }

  assert {
    condition     = length(aws_ecs_service.this) + length(aws_iam_role.task) + length(aws_dynamodb_table.this) + length(aws_security_group.this) == 0
    error_message = "create = false creates nothing."
  }
}
