resource "aws_ecs_service" "this" {
  count = var.create ? 1 : 0

  name    = var.name
  cluster = var.cluster_arn

  task_definition  = aws_ecs_task_definition.this[0].arn
  desired_count    = var.desired_count
  launch_type      = "FARGATE"
  platform_version = var.platform_version

  # A new task starts and is healthy before an old one is told to stop, so that whoever gives its leases up finds somebody to
  # take them. Up to twice as many run meanwhile; per fleet, one of them holds the lease and acts.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  availability_zone_rebalancing      = var.availability_zone_rebalancing

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = concat(aws_security_group.this[*].id, var.security_group_ids)
    assign_public_ip = var.assign_public_ip
  }

  dynamic "load_balancer" {
    for_each = aws_lb_target_group.this

    content {
      target_group_arn = load_balancer.value.arn
      container_name   = local.container_name
      container_port   = local.port
    }
  }

  health_check_grace_period_seconds = var.load_balancer == null ? null : 60

  enable_execute_command  = var.enable_execute_command
  enable_ecs_managed_tags = true
  propagate_tags          = "SERVICE"
  wait_for_steady_state   = var.wait_for_steady_state
  tags                    = local.tags

  # What a task needs to start and to be stopped well: permissions, its configuration, its log, the way out; and without a
  # listener the target group takes no service.
  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_iam_role_policy.execute_command,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.table_key,
    aws_iam_role_policy.task,
    aws_lb_listener.this,
    aws_s3_object.config,
    aws_ssm_parameter.config,
    aws_vpc_security_group_egress_rule.https,
    aws_vpc_security_group_egress_rule.other,
  ]
}

resource "aws_ecs_task_definition" "this" {
  count = var.create ? 1 : 0

  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task[0].arn
  execution_role_arn       = aws_iam_role.execution[0].arn
  container_definitions    = jsonencode([local.container])
  tags                     = local.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }
}
