# The network

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id is the id of a VPC: vpc-0a1b2c."
  }
}

variable "subnet_ids" {
  description = "Private subnets with a way out (a NAT gateway or VPC endpoints), in two zones or more."
  type        = list(string)

  validation {
    condition     = length(distinct(var.subnet_ids)) >= 2 && alltrue([for id in var.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "subnet_ids are the ids of two subnets or more, in different zones: with one, a zone's end is the end of the watch."
  }
}

variable "assign_public_ip" {
  description = "Whether tasks get public addresses; only for subnets that have no other way out. Nothing comes in by them either."
  type        = bool
  default     = false
  nullable    = false
}

variable "security_group_ids" {
  description = "Security groups of your own, beside the one that is created, for example one that a database lets in."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "https_egress_cidr_blocks" {
  description = "Where the daemon may call by HTTPS: everywhere, unless you know the addresses of AWS and of your telemetry."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = alltrue([for block in var.https_egress_cidr_blocks : can(cidrnetmask(block))])
    error_message = "https_egress_cidr_blocks are IPv4 blocks: 10.0.0.0/8."
  }
}

variable "egress" {
  description = "Where else it may call, by what it is for: a port, and a block or a security group."
  type = map(object({
    port              = number
    cidr_block        = optional(string)
    security_group_id = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for rule in values(var.egress) : (rule.cidr_block == null) != (rule.security_group_id == null)])
    error_message = "Each of egress has a port and either a cidr_block or a security_group_id."
  }
}

variable "ingress_security_group_ids" {
  description = "Who may ask the daemon on its port, by what they are: `{ prometheus = \"sg-0a1b\" }`. The configuration then needs `listen` and tokens."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.ingress_security_group_ids) : can(regex("^sg-[0-9a-f]+$", id))])
    error_message = "ingress_security_group_ids are ids of security groups: addresses are not let in."
  }
}

variable "load_balancer" {
  description = "An internal load balancer at which people log in by OIDC before anything is passed on; `api.oidc` in the configuration takes its word for who they are. The secret of the client is named by its ARN."
  type = object({
    subnet_ids          = list(string)
    certificate_arn     = string
    ingress_cidr_blocks = list(string)
    deletion_protection = optional(bool, true)
    access_logs_bucket  = optional(string)
    oidc = object({
      issuer                 = string
      authorization_endpoint = string
      token_endpoint         = string
      user_info_endpoint     = string
      client_id              = string
      client_secret_arn      = string
      scope                  = optional(string, "openid email")
    })
  })
  default = null

  validation {
    condition = var.load_balancer == null || alltrue([
      for block in try(var.load_balancer.ingress_cidr_blocks, []) :
      can(regex("^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|100\\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\\.)", block)) && can(cidrnetmask(block)) && try(tonumber(split("/", block)[1]), 0) >= 8
    ])
    error_message = "load_balancer.ingress_cidr_blocks are private blocks (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 or within): it is not for the internet."
  }

  validation {
    condition     = var.load_balancer == null || can(regex("^arn:[a-z-]+:secretsmanager:", try(var.load_balancer.oidc.client_secret_arn, "")))
    error_message = "load_balancer.oidc.client_secret_arn is the ARN of a Secrets Manager secret, never the secret itself."
  }
}
