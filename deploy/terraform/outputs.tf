output "service_name" {
  description = "The ECS service."
  value       = try(aws_ecs_service.this[0].name, null)
}

output "task_definition_arn" {
  description = "The revision of the task definition that the service runs."
  value       = try(aws_ecs_task_definition.this[0].arn, null)
}

output "container_definition" {
  description = "The container, as the task definition has it."
  value       = local.container
}

output "task_role_arn" {
  description = "What the daemon is; give it to modules/member-role in other accounts."
  value       = try(aws_iam_role.task[0].arn, null)
}

output "task_role_name" {
  description = "The same by name, to attach a policy of your own."
  value       = try(aws_iam_role.task[0].name, null)
}

output "execution_role_arn" {
  description = "The role by which ECS starts a task."
  value       = try(aws_iam_role.execution[0].arn, null)
}

output "table_name" {
  description = "The journal's table."
  value       = try(aws_dynamodb_table.this[0].name, null)
}

output "table_arn" {
  description = "The same by ARN."
  value       = local.table_arn
}

output "state_url" {
  description = "What the configuration has to say as `state:`."
  value       = var.create && var.create_table ? "dynamodb://${coalesce(var.table_name, var.name)}?region=${local.region}" : null
}

output "config" {
  description = "Where the daemon reads its configuration."
  value       = local.config
}

output "log_group_name" {
  description = "Where its lines are."
  value       = try(aws_cloudwatch_log_group.this[0].name, null)
}

output "security_group_id" {
  description = "The tasks' security group: let it in at a database, a Prometheus."
  value       = try(aws_security_group.this[0].id, null)
}

output "load_balancer_dns_name" {
  description = "Where people find it, when there is a load balancer."
  value       = try(aws_lb.this[0].dns_name, null)
}

output "load_balancer_arn" {
  description = "Its ARN, for `api.oidc.load_balancer` in the configuration."
  value       = try(aws_lb.this[0].arn, null)
}

output "alarm_arns" {
  description = "Every alarm, by what it is about."
  value = merge(
    { for alarm in aws_cloudwatch_metric_alarm.not_looking : "not_looking" => alarm.arn },
    { for alarm in aws_cloudwatch_metric_alarm.stopped : "stopped" => alarm.arn },
    { for alarm in aws_cloudwatch_metric_alarm.too_few_tasks : "too_few_tasks" => alarm.arn },
    { for fleet, alarm in aws_cloudwatch_metric_alarm.fleet_not_looking : "not_looking_at_${fleet}" => alarm.arn },
  )
}
