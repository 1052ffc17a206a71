variable "alerts_topic_arn" {
  description = "ARN of the topic that is told of fail-overs and failures. Needed with enable_events."
  type        = string
  default     = null
}

variable "app_ssl_ca" {
  description = "Path, inside the application's image, of the certificates that RDS signs with."
  type        = string
  default     = "/etc/ssl/certs/rds-global-bundle.pem"
  nullable    = false
}

variable "apply_immediately" {
  description = "Whether changes are applied at once instead of in the maintenance window. Some of them restart instances."
  type        = bool
  default     = false
  nullable    = false
}

variable "backup_retention_days" {
  description = "Days of backups, so how far back the database can be restored to any second."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 35 && floor(var.backup_retention_days) == var.backup_retention_days
    error_message = "backup_retention_days must be a whole number from 1 to 35: Aurora cannot be without backups, and keeps no longer ones."
  }
}

variable "backup_window" {
  description = "When to back up, in UTC. The default is 03:30 to 04:30 in Seoul."
  type        = string
  default     = "18:30-19:30"
  nullable    = false

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup_window))
    error_message = "backup_window must be like 18:30-19:30, in UTC."
  }
}

variable "database_name" {
  description = "Name of the database that is made in the cluster."
  type        = string
  default     = "ticketing"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_]{0,63}$", var.database_name))
    error_message = "database_name must be 1 to 64 letters, digits and underscores, starting with a letter."
  }
}

variable "db_password" {
  description = "Password of the master user. null: one is made. It is passed on write-only: neither the plan nor the state ever holds it. To change it, raise db_password_version as well."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition = var.db_password == null ? true : (
      length(var.db_password) >= 8 && length(var.db_password) <= 41
      && can(regex("[A-Z]", var.db_password)) && can(regex("[a-z]", var.db_password))
      && can(regex("[0-9]", var.db_password)) && can(regex("[^A-Za-z0-9]", var.db_password))
    )
    error_message = "password does not meet policy requirements: db_password needs 8 to 41 characters, with at least one upper-case letter, one lower-case letter, one digit and one special character."
  }

  validation {
    condition     = var.db_password == null ? true : can(regex("^[!-~]+$", var.db_password)) && !can(regex("[/@\"]", var.db_password))
    error_message = "password does not meet policy requirements: db_password may hold printable ASCII characters only, without spaces and without / @ and \" (RDS refuses those)."
  }
}

variable "db_password_version" {
  description = "Raise by one to have the password set anew: to db_password, or to a new one of our making where that is null."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.db_password_version >= 1 && floor(var.db_password_version) == var.db_password_version
    error_message = "db_password_version must be a whole number, 1 or more."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the cluster."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_events" {
  description = "Whether to tell alerts_topic_arn of fail-overs and failures."
  type        = bool
  default     = false
  nullable    = false
}

variable "engine_version" {
  description = "Version of Aurora MySQL, in full. The default is of the long-term support line, which takes no minor upgrades by itself."
  type        = string
  default     = "8.0.mysql_aurora.3.10.3"
  nullable    = false

  validation {
    condition     = can(regex("^8\\.0\\.mysql_aurora\\.3\\.[0-9]{2}\\.[0-9]+$|^8\\.4\\.mysql_aurora\\.8\\.4\\.[0-9]+$", var.engine_version))
    error_message = "engine_version must be a full version of Aurora MySQL 8, such as 8.0.mysql_aurora.3.10.3 (8.0.39 is a version of RDS for MySQL, 5.7 is out of support)."
  }
}

variable "instance_class" {
  description = "Size of each instance, for example db.t3.medium (dev) or db.r6g.large (prod)."
  type        = string
  default     = "db.t3.medium"
  nullable    = false

  validation {
    condition     = can(regex("^db\\.((t3|t4g)\\.(medium|large)|r[5-8][a-z]*\\.([0-9]*x?large)|x2g\\.([0-9]*x?large))$", var.instance_class))
    error_message = "instance_class must be one that Aurora MySQL has: db.t3 or db.t4g (medium, large), db.r5 to db.r8g, or db.x2g. There are no db.t3.micro, db.t3.small or db.m classes."
  }
}

variable "instances" {
  description = "Number of instances: the writer and its readers. With one, a failure of its zone is an outage of minutes."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.instances >= 1 && var.instances <= 16 && floor(var.instances) == var.instances
    error_message = "instances must be a whole number from 1 (a writer alone) to 16 (a writer and 15 readers)."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for the storage, its backups and the secrets. null: RDS's own key."
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
  description = "When AWS may restart things, in UTC. The default is Monday 05:00 to 06:00 in Seoul, when nothing goes on sale."
  type        = string
  default     = "sun:20:00-sun:21:00"
  nullable    = false

  validation {
    condition     = can(regex("^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$", var.maintenance_window))
    error_message = "maintenance_window must be like sun:20:00-sun:21:00, in UTC and lower case."
  }
}

variable "master_username" {
  description = "Name of the master user."
  type        = string
  default     = "ticketing"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,15}$", var.master_username)) && !contains(["admin", "mysql", "rdsadmin", "root", "rdsrepladmin"], var.master_username)
    error_message = "master_username must be 1 to 16 lower-case letters, digits and underscores, starting with a letter, and none of the reserved admin, mysql, rdsadmin, rdsrepladmin and root."
  }
}

variable "monitoring_interval_seconds" {
  description = "How often the operating system under the database is measured. 0: not at all."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = contains([0, 1, 5, 10, 15, 30, 60], var.monitoring_interval_seconds)
    error_message = "monitoring_interval_seconds must be 0, 1, 5, 10, 15, 30 or 60: RDS takes nothing else."
  }
}

variable "name" {
  description = "Prefix of the names of all resources, for example ticketing-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 32 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen."
  }
}

variable "parameter_group_family" {
  description = "Family of the parameters. null: the one of engine_version."
  type        = string
  default     = null

  validation {
    condition     = var.parameter_group_family == null ? true : var.parameter_group_family == "aurora-mysql${join(".", slice(split(".", var.engine_version), 0, 2))}"
    error_message = "parameter_group_family must be the family of engine_version: aurora-mysql8.0 for 8.0.mysql_aurora.3.x, aurora-mysql8.4 for 8.4.mysql_aurora.x. Leave it null to have it follow."
  }
}

variable "port" {
  description = "Port that the database listens on."
  type        = number
  default     = 3306
  nullable    = false

  validation {
    condition     = var.port >= 1150 && var.port <= 65535
    error_message = "port must be 1150 to 65535: RDS takes nothing else."
  }
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be brought back. 0: gone at once, which a throw-away environment needs to be made again under its name."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.secret_recovery_days == 0 || var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30
    error_message = "secret_recovery_days must be 0, or 7 to 30: Secrets Manager takes nothing else."
  }
}

variable "security_group_ids" {
  description = "Security groups of the cluster."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "security_group_ids must not be empty: the VPC's default group would be taken."
  }
}

variable "skip_final_snapshot" {
  description = "Whether the cluster may be destroyed without a last snapshot."
  type        = bool
  default     = false
  nullable    = false
}

variable "snapshot_identifier" {
  description = "Snapshot to make the cluster from, for a restore. null: an empty database."
  type        = string
  default     = null
}

variable "subnet_ids" {
  description = "Subnets to spread the cluster over, in two Availability Zones or more."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must be 2 or more, in different Availability Zones: Aurora takes no fewer, even for one instance."
  }
}
