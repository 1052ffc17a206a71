variable "aws_region" {
  description = "Region of the state."
  type        = string
  default     = "ap-northeast-2"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be a region such as ap-northeast-2, not a zone (ap-northeast-2a)."
  }
}

variable "noncurrent_version_days" {
  description = "Days to keep earlier versions of a state: how long there is to undo a broken one."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 30
    error_message = "noncurrent_version_days must be 30 or more: a broken state is often noticed late."
  }
}

variable "project_name" {
  description = "Name of the project, as in the root configuration."
  type        = string
  default     = "ticketing"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,17}[a-z0-9]$", var.project_name))
    error_message = "project_name must be 3 to 19 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen."
  }
}
