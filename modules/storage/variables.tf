variable "force_destroy" {
  description = "Whether `terraform destroy` deletes buckets that still hold objects."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for the tickets bucket. null: S3's own key."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days to keep access logs and the audit trail in the logs bucket."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.log_retention_days >= 30 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days must be a whole number of days, 30 or more."
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

variable "noncurrent_version_days" {
  description = "Days to keep overwritten and deleted versions of objects."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1
    error_message = "noncurrent_version_days must be at least 1."
  }
}

variable "web_reader_distribution_arns" {
  description = "ARNs of the CloudFront distributions that may read the web bucket. The reader's part of the bucket policy is written here, so that the bucket has one policy."
  type        = map(string)
  default     = {}
  nullable    = false
}
