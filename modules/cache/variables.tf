variable "app_username" {
  description = "Name that the application signs in with."
  type        = string
  default     = "ticketing"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,31}$", var.app_username)) && var.app_username != "default"
    error_message = "app_username must be 1 to 32 lower-case letters, digits and hyphens, starting with a letter, and not \"default\" (that user is shut)."
  }
}

variable "apply_immediately" {
  description = "Whether changes are applied at once instead of in the maintenance window."
  type        = bool
  default     = false
  nullable    = false
}

variable "auth_version" {
  description = "Raise by one to have a new password made and set."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.auth_version >= 1 && floor(var.auth_version) == var.auth_version
    error_message = "auth_version must be a whole number, 1 or more."
  }
}

variable "engine" {
  description = "\"redis\" or \"valkey\". From redis to valkey is a change in place; the way back is a new, empty cluster."
  type        = string
  default     = "redis"
  nullable    = false

  validation {
    condition     = contains(["redis", "valkey"], var.engine)
    error_message = "engine must be \"redis\" or \"valkey\"."
  }
}

variable "engine_version" {
  description = "Version of the engine: 7.0 or 7.1 of redis; 7.2, 8.x or 9.x of valkey."
  type        = string
  default     = "7.0"
  nullable    = false

  validation {
    condition     = can(regex({ redis = "^7\\.[01]$", valkey = "^(7\\.2|8\\.[0-2]|9\\.[0-9])$" }[var.engine], var.engine_version))
    error_message = "engine_version must be one that the engine has: 7.0 or 7.1 of redis (ElastiCache has no later one), 7.2, 8.0 to 8.2 or 9.x of valkey."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for data at rest and for the secrets. null: AWS's own key."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days to keep logs in CloudWatch."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "logs_kms_key_arn" {
  description = "ARN of the KMS key for the log groups. null: CloudWatch's own key."
  type        = string
  default     = null
}

variable "maintenance_window" {
  description = "When AWS may replace nodes, in UTC. The default is Monday 05:00 to 06:00 in Seoul, when nothing goes on sale."
  type        = string
  default     = "sun:20:00-sun:21:00"
  nullable    = false

  validation {
    condition     = can(regex("^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$", var.maintenance_window))
    error_message = "maintenance_window must be like sun:20:00-sun:21:00, in UTC and lower case."
  }
}

variable "multi_az" {
  description = "Whether a node in another zone takes over. null: where there are two nodes or more."
  type        = bool
  default     = null

  validation {
    condition     = var.multi_az == true ? var.redis_num_nodes >= 2 : true
    error_message = "multi_az needs redis_num_nodes of 2 or more: a single node has nobody to take over."
  }
}

variable "name" {
  description = "Prefix of the names of all resources, for example ticketing-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,29}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name must be 3 to 31 lower-case letters, digits and single hyphens, starting with a letter and not ending with a hyphen."
  }
}

variable "node_type" {
  description = "Size of each node, for example cache.t3.micro (dev) or cache.r7g.large (prod)."
  type        = string
  default     = "cache.t3.micro"
  nullable    = false

  validation {
    condition     = can(regex("^cache\\.((t3|t4g)\\.(micro|small|medium)|(m[5-7]g?|r[5-7]g?|c7gn)\\.([0-9]*x?large))$", var.node_type))
    error_message = "node_type must be like cache.t3.micro, cache.t4g.small, cache.m7g.large or cache.r7g.large; t2 and older cannot be encrypted or Multi-AZ."
  }
}

variable "parameter_group_family" {
  description = "Family of the parameters. null: the one of engine and engine_version."
  type        = string
  default     = null

  validation {
    condition     = var.parameter_group_family == null ? true : var.parameter_group_family == "${var.engine}${split(".", var.engine_version)[0]}"
    error_message = "parameter_group_family must be the family of the engine's version: redis7 for redis 7.x, valkey7, valkey8 or valkey9 for valkey. Leave it null to have it follow."
  }
}

variable "port" {
  description = "Port that the nodes listen on."
  type        = number
  default     = 6379
  nullable    = false

  validation {
    condition     = var.port >= 1024 && var.port <= 65535
    error_message = "port must be 1024 to 65535."
  }
}

variable "redis_num_nodes" {
  description = "Number of nodes: the primary and its replicas, in different zones. 1 saves money and gives up Multi-AZ."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.redis_num_nodes >= 1 && var.redis_num_nodes <= 6 && floor(var.redis_num_nodes) == var.redis_num_nodes
    error_message = "redis_num_nodes must be a whole number from 1 (a primary alone, no Multi-AZ) to 6 (a primary and 5 replicas)."
  }
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be brought back. 0: gone at once."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.secret_recovery_days == 0 || var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30
    error_message = "secret_recovery_days must be 0, or 7 to 30: Secrets Manager takes nothing else."
  }
}

variable "security_group_ids" {
  description = "Security groups of the nodes."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "security_group_ids must not be empty: the VPC's default group would be taken."
  }
}

variable "snapshot_retention_days" {
  description = "Days to keep daily snapshots. 0: none. Holds can be rebuilt from the database, so these only save time."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.snapshot_retention_days >= 0 && var.snapshot_retention_days <= 35
    error_message = "snapshot_retention_days must be 0 to 35."
  }
}

variable "snapshot_window" {
  description = "When to take snapshots, in UTC. The default is 03:30 to 04:30 in Seoul."
  type        = string
  default     = "18:30-19:30"
  nullable    = false

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", var.snapshot_window))
    error_message = "snapshot_window must be like 18:30-19:30, in UTC."
  }
}

variable "subnet_ids" {
  description = "Subnets to spread the nodes over, in two Availability Zones or more."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must be 2 or more, in different Availability Zones."
  }
}
