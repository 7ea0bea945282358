# General

variable "create" {
  description = "Whether to create anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "What everything is called: the service, its roles, its table, its log group."
  type        = string
  default     = "repave"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name has 3 to 24 characters: lower-case letters, digits and hyphens, a letter first."
  }
}

variable "tags" {
  description = "Tags of everything that is created."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "mode" {
  description = "What the task role allows: `observe` reads, `ask` and `act` may replace as well. The configuration's own `mode` decides within it."
  type        = string
  default     = "observe"
  nullable    = false

  validation {
    condition     = contains(["observe", "ask", "act"], var.mode)
    error_message = "mode is observe, ask or act."
  }
}

# The container

variable "image" {
  description = "The image, pinned: `REPOSITORY:VERSION@sha256:DIGEST`."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image has to end in its digest, @sha256: and 64 hexadecimal digits: a tag can mean another image tomorrow."
  }
}

variable "cpu" {
  description = "Processor of a task, in units of which 1024 are one core."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.cpu)
    error_message = "cpu is one of Fargate's sizes: 256, 512, 1024, 2048 or 4096."
  }
}

variable "memory" {
  description = "Memory of a task, in MiB."
  type        = number
  default     = 1024
  nullable    = false

  validation {
    condition     = var.memory >= var.cpu * 2 && var.memory <= var.cpu * 8
    error_message = "memory is between twice and eight times cpu (Fargate's sizes): 1024 to 4096 MiB for a cpu of 512."
  }
}

variable "cpu_architecture" {
  description = "What the image was built for: `X86_64` or `ARM64`."
  type        = string
  default     = "X86_64"
  nullable    = false

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture is X86_64 or ARM64."
  }
}

variable "environment" {
  description = "Further environment variables, such as `OTEL_EXPORTER_OTLP_ENDPOINT`. Secrets belong into `secrets`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : !can(regex("(?i)(token|secret|password|passwd|api_?key|license_?key|_headers)", name))])
    error_message = "environment holds nothing secret: give names such as these to `secrets`, with the ARN of the secret."
  }
}

variable "secrets" {
  description = "Environment variables that ECS fills in, by reference: the ARN of a Secrets Manager secret (`:KEY::` may follow) or of an SSM parameter."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:|ssm:[a-z0-9-]+:[0-9]{12}:parameter/)", arn))])
    error_message = "secrets are ARNs of Secrets Manager secrets or SSM parameters, never the secrets themselves."
  }
}

variable "log_level" {
  description = "`debug`, `info`, `warning` or `error`. The alarms read lines of level info."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(["debug", "info", "warning", "error"], var.log_level)
    error_message = "log_level is debug, info, warning or error."
  }

  validation {
    condition     = !var.create_alarms || contains(["debug", "info"], var.log_level)
    error_message = "The alarms read lines of level info: set log_level to info or debug, or create_alarms to false."
  }
}

variable "stop_timeout_seconds" {
  description = "How long a task may take to stop after SIGTERM. Fargate allows 120 at most; the daemon needs 20."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.stop_timeout_seconds >= 30 && var.stop_timeout_seconds <= 120
    error_message = "stop_timeout_seconds is between 30 and 120: below, a call under way is cut off; Fargate allows no more."
  }
}

# The service

variable "cluster_arn" {
  description = "The ECS cluster to run in."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{12}:cluster/[A-Za-z0-9_-]+$", var.cluster_arn))
    error_message = "cluster_arn is the ARN of an ECS cluster: arn:aws:ecs:REGION:ACCOUNT:cluster/NAME."
  }
}

variable "desired_count" {
  description = "How many tasks run. Two share the fleets by leases, and one takes over when the other goes; 0 stops the service."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.desired_count >= 0 && var.desired_count <= 10 && floor(var.desired_count) == var.desired_count
    error_message = "desired_count is a whole number from 0 to 10."
  }
}

variable "platform_version" {
  description = "Fargate's platform version."
  type        = string
  default     = "LATEST"
  nullable    = false

  validation {
    condition     = can(regex("^(LATEST|1\\.[4-9]\\.[0-9]+)$", var.platform_version))
    error_message = "platform_version is LATEST, or 1.4.0 or newer."
  }
}

variable "availability_zone_rebalancing" {
  description = "Whether ECS moves tasks between zones to even them out: `ENABLED` or `DISABLED`. A new task starts before an old one is stopped, as in a deployment."
  type        = string
  default     = "ENABLED"
  nullable    = false

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.availability_zone_rebalancing)
    error_message = "availability_zone_rebalancing is ENABLED or DISABLED."
  }
}

variable "enable_execute_command" {
  description = "ECS Exec: a shell in the container, for fault finding. It needs a root file system that can be written to, and whoever has it has the task role."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.enable_execute_command || var.mode == "observe" || var.allow_execute_command_while_acting
    error_message = "enable_execute_command together with mode ask or act gives a shell that can terminate servers: set mode to observe, or say allow_execute_command_while_acting = true."
  }
}

variable "allow_execute_command_while_acting" {
  description = "Yes, a shell that can terminate servers is meant: lets `enable_execute_command` stand beside the modes ask and act."
  type        = bool
  default     = false
  nullable    = false
}

variable "wait_for_steady_state" {
  description = "Whether `terraform apply` waits until the deployment has come to its end, and fails when it was rolled back."
  type        = bool
  default     = false
  nullable    = false
}

# The configuration

variable "config" {
  description = "Where the configuration is: `s3://BUCKET/KEY`, `ssm:/NAME` or `ssm:ARN`. Leave it out when `config_content` is given."
  type        = string
  default     = null

  validation {
    condition     = var.config == null || can(regex("^(s3://[a-z0-9.-]{3,63}/.+|ssm:/?[A-Za-z0-9_./-]+|ssm:arn:[a-z-]+:ssm:[a-z0-9-]+:[0-9]{12}:parameter/.+)$", var.config))
    error_message = "config is s3://BUCKET/KEY, ssm:/NAME or ssm:ARN."
  }

  validation {
    condition     = !var.create || (var.config == null) != (var.config_content == null)
    error_message = "Give either config (where the configuration is) or config_content (what it says)."
  }
}

variable "config_content" {
  description = "What the configuration says, in YAML, for example `file(\"repave.yaml\")`: kept in an SSM parameter, or in `config_bucket`."
  type        = string
  default     = null

  validation {
    condition     = var.config_content == null || can(yamldecode(var.config_content).version)
    error_message = "config_content is no YAML with a `version`."
  }

  validation {
    condition     = var.config_content == null || var.config_bucket != null || length(base64encode(coalesce(var.config_content, "-"))) <= 10924
    error_message = "An SSM parameter holds 8 KB at most: name a config_bucket for a configuration of this size."
  }

  validation {
    condition = var.mode != "observe" || try(yamldecode(var.config_content).max_mode, "act") == "observe" || !anytrue([
      for mode in concat(
        [try(yamldecode(var.config_content).mode, ""), try(yamldecode(var.config_content).defaults.mode, "")],
        try([for fleet in values(yamldecode(var.config_content).fleets) : try(fleet.mode, "") if !can(fleet.asg.role_arn)], []),
      ) : contains(["ask", "act"], mode)
    ])
    # A fleet with a role_arn is the business of that role.
    error_message = "The configuration, or a fleet in it, wants to replace, and mode is observe, whose role cannot: set mode to what the configuration says."
  }
}

variable "config_bucket" {
  description = "A bucket for `config_content`, which then is `NAME/repave.yaml` in it, instead of an SSM parameter."
  type        = string
  default     = null

  validation {
    condition     = var.config_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.config_bucket))
    error_message = "config_bucket is the name of an S3 bucket."
  }
}

variable "config_secret_arns" {
  description = "ARNs of what the configuration names as `{secretsmanager: NAME}`; the daemon reads these itself."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.config_secret_arns : can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:", arn))])
    error_message = "config_secret_arns are ARNs of Secrets Manager secrets."
  }
}

variable "kms_key_arns" {
  description = "ARNs of your own keys, if any encrypt the configuration or the secrets."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", arn))])
    error_message = "kms_key_arns are ARNs of KMS keys: arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

# The journal

variable "create_table" {
  description = "Whether to create the DynamoDB table of the journal. Without, give `table_arn`, or neither when the journal is on PostgreSQL."
  type        = bool
  default     = true
  nullable    = false
}

variable "table_name" {
  description = "The table's name; `name` by default."
  type        = string
  default     = null

  validation {
    condition     = var.table_name == null || can(regex("^[A-Za-z0-9_.-]{3,255}$", var.table_name))
    error_message = "table_name has 3 to 255 letters, digits, underscores, dots or hyphens."
  }
}

variable "table_arn" {
  description = "A table that is there already, with the keys `pk` and `sk`."
  type        = string
  default     = null

  validation {
    condition     = var.table_arn == null || can(regex("^arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/", var.table_arn))
    error_message = "table_arn is the ARN of a DynamoDB table."
  }

  validation {
    condition     = var.table_arn == null || !var.create_table
    error_message = "Give table_arn only with create_table = false: one journal, not two."
  }
}

variable "table_kms_key_arn" {
  description = "A key of your own for the table; AWS uses one of its own otherwise."
  type        = string
  default     = null

  validation {
    condition     = var.table_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.table_kms_key_arn))
    error_message = "table_kms_key_arn is the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

variable "table_deletion_protection" {
  description = "Whether the table refuses to be deleted. Without the journal nobody knows what is half done."
  type        = bool
  default     = true
  nullable    = false
}

# What the role may do

variable "member_role_arns" {
  description = "Roles in other accounts that fleets name as `role_arn`; see modules/member-role."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.member_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "member_role_arns are ARNs of IAM roles, each in full: a pattern would trust whoever makes a role."
  }
}

variable "launch_instances" {
  description = "Whether a fleet says `launch: launch_instances`: it takes rights to launch in EC2, which the usual way does without."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition = var.launch_instances || !anytrue([
      for launch in concat(
        [try(yamldecode(var.config_content).defaults.asg.launch, "")],
        try([for fleet in values(yamldecode(var.config_content).fleets) : try(fleet.asg.launch, "") if !can(fleet.asg.role_arn)], []),
      ) : launch == "launch_instances"
    ])
    error_message = "A fleet in the configuration says launch: launch_instances, and the role cannot: set launch_instances to true."
  }
}

variable "fleet_region" {
  description = "The region of the fleets, `*` for several; the one of the service by default."
  type        = string
  default     = null

  validation {
    condition     = var.fleet_region == null || can(regex("^([a-z]{2}(-[a-z]+)+-[0-9]|\\*)$", var.fleet_region))
    error_message = "fleet_region is a region, eu-west-1, or `*`."
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
  description = "ARN of a policy that bounds both roles."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary))
    error_message = "permissions_boundary is the ARN of an IAM policy."
  }
}

variable "iam_path" {
  description = "Path of both roles."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9_+=,.@-]+/)*$", var.iam_path))
    error_message = "iam_path begins and ends with a slash: /teams/platform/."
  }
}
