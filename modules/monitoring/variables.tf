variable "alarm_topic_arn" {
  description = "SNS topic that every alarm tells."
  type        = string
}

variable "alb_arn_suffix" {
  description = "Load balancer, as CloudWatch names it (app/name/id)."
  type        = string
}

variable "asg_max_size" {
  description = "Most instances of the group: an alarm tells when it is reached."
  type        = number
}

variable "asg_min_size" {
  description = "Fewest instances of the group: an alarm tells when fewer are in service."
  type        = number
}

variable "asg_name" {
  description = "Auto Scaling group."
  type        = string
}

variable "aws_region" {
  description = "Region of everything but the distribution."
  type        = string
}

variable "cache_member_clusters" {
  description = "Ids of the cache nodes. Empty derives <replication group>-001 … from cache_node_count."
  type        = list(string)
  default     = []
}

variable "cache_node_count" {
  description = "Number of cache nodes; one alarm set for each."
  type        = number
  default     = 2

  validation {
    condition     = var.cache_node_count >= 1 && var.cache_node_count <= 6
    error_message = "cache_node_count must lie between 1 and 6, a primary and up to five replicas."
  }
}

variable "cache_replication_group_id" {
  description = "Replication group of the cache."
  type        = string
}

variable "cpu_percent" {
  description = "CPU above which the instances, the database and the cache alarm."
  type        = number
  default     = 80

  validation {
    condition     = var.cpu_percent >= 10 && var.cpu_percent <= 100
    error_message = "cpu_percent must lie between 10 and 100."
  }
}

variable "database_cluster_identifier" {
  description = "Aurora cluster."
  type        = string
}

variable "database_max_connections" {
  description = "Connections to the database above which the alarm goes; about three quarters of what its size takes."
  type        = number
  default     = 60

  validation {
    condition     = var.database_max_connections >= 10
    error_message = "database_max_connections must be at least 10."
  }
}

variable "dead_letter_name" {
  description = "Dead-letter queue."
  type        = string
}

variable "distribution_id" {
  description = "CloudFront distribution for the dashboard; null leaves it out."
  type        = string
  default     = null
}

variable "enable_xray" {
  description = "Whether to make the X-Ray group and sampling rules."
  type        = bool
  default     = true
}

variable "error_percent" {
  description = "Share of 5xx answers, in percent, above which the alarm goes."
  type        = number
  default     = 1

  validation {
    condition     = var.error_percent > 0 && var.error_percent <= 100
    error_message = "error_percent must lie above 0 and be at most 100."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the log groups."
  type        = string
  default     = null
}

variable "latency_ms" {
  description = "p99 of the answer time, milliseconds, above which the alarm goes. The promise is 200 ms."
  type        = number
  default     = 200

  validation {
    condition     = var.latency_ms >= 1 && var.latency_ms <= 60000
    error_message = "latency_ms must lie between 1 and 60000."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of the periods that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, …"
  }
}

variable "name" {
  description = "Prefix of all names, e.g. ticketing-dev; also the value of the dimension `environment` of the application's metrics."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 24 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "namespace" {
  description = "CloudWatch namespace of the application's metrics."
  type        = string
  default     = "Ticketing"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/#-]{1,255}$", var.namespace)) && !startswith(var.namespace, "AWS/")
    error_message = "namespace must be 1 to 255 letters, digits and . _ / # -, and not begin with AWS/."
  }
}

variable "queue_age_seconds" {
  description = "Age of the oldest order in the queue, seconds, above which the alarm goes."
  type        = number
  default     = 60

  validation {
    condition     = var.queue_age_seconds >= 10 && var.queue_age_seconds <= 86400
    error_message = "queue_age_seconds must lie between 10 and 86400."
  }
}

variable "queue_name" {
  description = "Queue of accepted orders."
  type        = string
}

variable "target_group_arn_suffix" {
  description = "Target group, as CloudWatch names it (targetgroup/name/id)."
  type        = string
}

variable "trace_percent" {
  description = "Share of requests that are traced, in percent, beyond one each second."
  type        = number
  default     = 5

  validation {
    condition     = var.trace_percent >= 0 && var.trace_percent <= 100
    error_message = "trace_percent must lie between 0 and 100."
  }
}
