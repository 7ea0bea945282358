# Logs and alarms

variable "log_group_name" {
  description = "The log group's name; `/ecs/NAME` by default."
  type        = string
  default     = null

  validation {
    condition     = var.log_group_name == null || can(regex("^[A-Za-z0-9_/.#-]{1,512}$", var.log_group_name))
    error_message = "log_group_name has letters, digits and `_/.#-`."
  }
}

variable "log_retention_days" {
  description = "How long lines are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of CloudWatch's: 7, 14, 30, 60, 90, 180, 365 and so on; for ever is none of them."
  }
}

variable "log_kms_key_arn" {
  description = "A key of your own for the log group; its policy has to let CloudWatch Logs use it."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.log_kms_key_arn))
    error_message = "log_kms_key_arn is the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

variable "create_alarms" {
  description = "Whether to create the alarms: not looking, stopped, too few tasks."
  type        = bool
  default     = true
  nullable    = false
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when an alarm begins and ends."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:", arn))])
    error_message = "alarm_topic_arns are ARNs of SNS topics."
  }
}

variable "alarm_fleets" {
  description = "Fleets, as the configuration calls them, of which each gets an alarm of its own when it is not looked at."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "not_looking_minutes" {
  description = "After how many minutes without a look the alarm is raised."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.not_looking_minutes >= 3 && var.not_looking_minutes <= 60
    error_message = "not_looking_minutes is between 3 and 60."
  }
}
