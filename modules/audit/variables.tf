variable "enable_cloudtrail" {
  description = "Whether to keep a trail of all calls to AWS. An account that has an organisation's trail already does not need another."
  type        = bool
  default     = true
  nullable    = false
}

variable "key_deletion_days" {
  description = "Days between the destruction of a key and its end, in which it can be saved. What it encrypted is lost with it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_days >= 7 && var.key_deletion_days <= 30
    error_message = "key_deletion_days must be 7 to 30: KMS takes nothing else."
  }
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

variable "logged_bucket_arns" {
  description = "Name → ARN of a bucket whose objects' reads and writes are logged as well (data events, which cost)."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "logs_bucket_id" {
  description = "Name of the bucket for the trail, whose policy admits it under cloudtrail/. Needed with enable_cloudtrail."
  type        = string
  default     = null
}

variable "name" {
  description = "Prefix of the names of all resources, for example ticketing-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 32 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen."
  }
}
