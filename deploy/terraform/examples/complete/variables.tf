variable "image" {
  description = "The image with its digest."
  type        = string
}

variable "cluster_arn" {
  description = "The ECS cluster to run in."
  type        = string
}

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones."
  type        = list(string)
}

variable "shop_account" {
  description = "The other account, in twelve digits."
  type        = string
}

variable "external_id" {
  description = "What the daemon says to the other account."
  type        = string
}

variable "secret_arn" {
  description = "A secret of Secrets Manager with the keys otlp_headers, new_relic_api_key and repave_token."
  type        = string
}

variable "pager_secret_arn" {
  description = "A secret that the configuration names as {secretsmanager: NAME}."
  type        = string
}

variable "oidc_secret_arn" {
  description = "A secret that is the OIDC client's, as plain text."
  type        = string
}

variable "kms_key_arn" {
  description = "The key that encrypts the secrets, the table and the log."
  type        = string
}

variable "config_bucket" {
  description = "The bucket for the configuration; versioned, so that each is kept."
  type        = string
}

variable "certificate_arn" {
  description = "The load balancer's certificate."
  type        = string
}

variable "access_logs_bucket" {
  description = "The bucket for the load balancer's access logs."
  type        = string
}

variable "prometheus_security_group_id" {
  description = "The security group of Prometheus, which is asked by the daemon and asks it."
  type        = string
}

variable "alarm_topic_arn" {
  description = "The SNS topic for alarms."
  type        = string
}
