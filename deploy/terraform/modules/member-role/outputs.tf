output "role_arn" {
  description = "What fleets of this account say as `role_arn`, and what the daemon's module takes in `member_role_arns`."
  value       = try(aws_iam_role.this[0].arn, null)
}

output "role_name" {
  description = "The same by name, to attach a policy of your own."
  value       = try(aws_iam_role.this[0].name, null)
}
