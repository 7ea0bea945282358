output "page" {
  description = "Where people find it."
  value       = "https://${module.repave.load_balancer_dns_name}"
}

output "shop_role_arn" {
  description = "The role in the other account."
  value       = module.shop.role_arn
}
