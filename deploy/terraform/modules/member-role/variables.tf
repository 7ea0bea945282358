variable "create" {
  description = "Whether to create anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "The role's name."
  type        = string
  default     = "repave-member"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.name))
    error_message = "name has 1 to 64 letters, digits and `_+=,.@-`."
  }
}

variable "tags" {
  description = "Tags of everything that is created."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "mode" {
  description = "What the role allows: `observe` reads, `ask` and `act` may replace as well."
  type        = string
  default     = "observe"
  nullable    = false

  validation {
    condition     = contains(["observe", "ask", "act"], var.mode)
    error_message = "mode is observe, ask or act."
  }
}

variable "daemon_role_arn" {
  description = "The daemon's task role: output `task_role_arn` of the module that runs it. It alone may take this role on."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", var.daemon_role_arn))
    error_message = "daemon_role_arn is the ARN of one IAM role, in full: a pattern or an account's root would trust others too."
  }
}

variable "external_id" {
  description = "What the daemon has to say to take this role on: the fleets' `external_id`."
  type        = string

  validation {
    condition     = length(var.external_id) >= 8 && can(regex("^[A-Za-z0-9+=,.@:/_-]+$", var.external_id))
    error_message = "external_id has at least 8 letters, digits and `+=,.@:/_-`: it keeps others from being mistaken for you."
  }
}

variable "launch_instances" {
  description = "Whether a fleet here says `launch: launch_instances`: it takes rights to launch in EC2, which the usual way does without."
  type        = bool
  default     = false
  nullable    = false
}

variable "region" {
  description = "The region of the fleets, `*` for several; the provider's by default."
  type        = string
  default     = null

  validation {
    condition     = var.region == null || can(regex("^([a-z]{2}(-[a-z]+)+-[0-9]|\\*)$", var.region))
    error_message = "region is a region, eu-west-1, or `*`."
  }
}

variable "managed_tag" {
  description = "The tag by which groups and target groups say that Repave may change them."
  type        = object({ key = optional(string, "repave"), value = optional(string, "managed") })
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9:_.-]+$", var.managed_tag.key)) && can(regex("^[A-Za-z0-9:_.-]+$", var.managed_tag.value))
    error_message = "managed_tag has a key and a value of letters, digits and `:_.-`, without wildcards."
  }
}

variable "group_name" {
  description = "Auto Scaling groups that may be changed, by name or pattern, `web-*`; `*` leaves it to `managed_tag`."
  type        = string
  default     = "*"
  nullable    = false
}

variable "target_group_name" {
  description = "Target groups whose targets may be changed, by name or pattern; `*` leaves it to `managed_tag`."
  type        = string
  default     = "*"
  nullable    = false
}

variable "observed_log_groups" {
  description = "Log groups that `cloudwatch_logs` may search, by name or pattern, `/web/*`."
  type        = string
  default     = "*"
  nullable    = false
}

variable "image_parameter" {
  description = "SSM parameters that launch templates name by `resolve:ssm:`, without the first slash: `golden/*`. AWS' own are always readable."
  type        = string
  default     = "golden/*"
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the role."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary))
    error_message = "permissions_boundary is the ARN of an IAM policy."
  }
}

variable "iam_path" {
  description = "Path of the role."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9_+=,.@-]+/)*$", var.iam_path))
    error_message = "iam_path begins and ends with a slash: /teams/platform/."
  }
}
