# Read from the log, one JSON line per look, so that they need neither a metrics server nor Container Insights.
locals {
  namespace   = "Repave/${var.name}"
  alarm_count = var.create && var.create_alarms ? 1 : 0

  # metric: what a line has to say to be counted
  lines = {
    Looks   = "{ $.looked IS TRUE }"
    Stopped = "{ $.stopped IS TRUE }"
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.alarm_count == 1 ? local.lines : {}

  name           = "${var.name}-${lower(each.key)}"
  log_group_name = aws_cloudwatch_log_group.this[0].name
  pattern        = each.value

  metric_transformation {
    namespace     = local.namespace
    name          = each.key
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# The same for one fleet at a time: the others' looks must not hide that one is not looked at.
resource "aws_cloudwatch_log_metric_filter" "fleet" {
  for_each = local.alarm_count == 1 && length(var.alarm_fleets) > 0 ? local.lines : {}

  name           = "${var.name}-${lower(each.key)}-by-fleet"
  log_group_name = aws_cloudwatch_log_group.this[0].name
  pattern        = each.value

  metric_transformation {
    namespace  = local.namespace
    name       = "${each.key}ByFleet"
    value      = "1"
    unit       = "Count"
    dimensions = { fleet = "$.fleet" }
  }
}

resource "aws_cloudwatch_metric_alarm" "not_looking" {
  # checkov:skip=CKV_AWS_319: actions are on; there is nobody to tell when `alarm_topic_arns` is empty
  count = local.alarm_count

  alarm_name          = "${var.name}-not-looking"
  alarm_description   = "No fleet has been looked at for ${var.not_looking_minutes} minutes. Runbook: RepaveNotLooking"
  namespace           = local.namespace
  metric_name         = "Looks"
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = var.not_looking_minutes
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "fleet_not_looking" {
  for_each = local.alarm_count == 1 ? toset(var.alarm_fleets) : toset([])

  alarm_name          = "${var.name}-not-looking-at-${each.value}"
  alarm_description   = "Fleet ${each.value} has not been looked at for ${var.not_looking_minutes} minutes. Runbook: RepaveNotLooking"
  namespace           = local.namespace
  metric_name         = "LooksByFleet"
  dimensions          = { fleet = each.value }
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = var.not_looking_minutes
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "stopped" {
  count = local.alarm_count

  alarm_name          = "${var.name}-stopped"
  alarm_description   = "Repave has stopped itself: a breaker is open, or a fault of a whole fleet. Runbook: RepaveStopped"
  namespace           = local.namespace
  metric_name         = "Stopped"
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = local.tags
}

# A service sends one sample of its processor time per task and minute, so that their number is how many run:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html
resource "aws_cloudwatch_metric_alarm" "too_few_tasks" {
  count = local.alarm_count == 1 && var.desired_count > 0 ? 1 : 0

  alarm_name          = "${var.name}-too-few-tasks"
  alarm_description   = "Fewer than ${var.desired_count} tasks of ${var.name} run. Runbook: RepaveDown"
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = local.cluster_name, ServiceName = var.name }
  statistic           = "SampleCount"
  comparison_operator = "LessThanThreshold"
  threshold           = var.desired_count
  period              = 60
  evaluation_periods  = 10
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = local.tags
}
