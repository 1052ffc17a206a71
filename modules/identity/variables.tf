variable "alerts_topic_arn" {
  description = "ARN of the topic that the application may publish alerts to."
  type        = string
}

variable "app_secret_version" {
  description = "Raise by one to have the payment secret and the mail server's password set anew. Keys that sign sessions and tickets are never touched by it."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.app_secret_version >= 1 && floor(var.app_secret_version) == var.app_secret_version
    error_message = "app_secret_version must be a whole number, 1 or more."
  }
}

variable "dead_letter_arn" {
  description = "ARN of the dead-letter queue."
  type        = string
}

variable "distribution_arns" {
  description = "ARNs of the CloudFront distributions whose copies the deploy role may drop."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "ecr_repository_arn" {
  description = "ARN of the repository of the application's image."
  type        = string
}

variable "enable_session_manager" {
  description = "Whether operators get a shell on instances through Session Manager. No port is open for it."
  type        = bool
  default     = true
  nullable    = false
}

variable "github_branch" {
  description = "Branch of github_repository that may deploy."
  type        = string
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.github_branch))
    error_message = "github_branch must be the name of one branch; a pattern would let any branch deploy."
  }
}

variable "github_oidc_provider_arn" {
  description = "ARN of the account's identity provider for GitHub Actions, of which there can be one. null: it is made."
  type        = string
  default     = null

  validation {
    condition     = var.github_oidc_provider_arn == null ? true : can(regex("^arn:[^:]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.github_oidc_provider_arn))
    error_message = "github_oidc_provider_arn must be like arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com."
  }
}

variable "github_repository" {
  description = "Repository whose GitHub Actions may deploy, as owner/name. Empty: none, and no deploy role."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.github_repository == "" || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be owner/name, without https:// and without wildcards."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key of the stores, which also encrypts the secrets made here."
  type        = string
}

variable "log_group_arns" {
  description = "ARNs of the log groups that instances write to."
  type        = list(string)

  validation {
    condition     = length(var.log_group_arns) > 0
    error_message = "log_group_arns must not be empty: instances could not write their logs."
  }
}

variable "mail_password" {
  description = "Password at mail_server. Passed on write-only."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "mail_server" {
  description = "Server that mail to buyers is handed to. null: mail is kept in a folder of each instance, which will do for trying things out."
  type = object({
    host     = string
    port     = optional(number, 587)
    username = string
  })
  default = null

  validation {
    condition     = var.mail_server == null ? true : contains([465, 587], var.mail_server.port)
    error_message = "mail_server.port must be 587 (submission) or 465 (SMTPS): AWS blocks 25, and the security group opens these two."
  }

  validation {
    condition     = var.mail_server == null ? true : can(regex("^([A-Za-z0-9-]+\\.)+[A-Za-z]{2,}$", var.mail_server.host))
    error_message = "mail_server.host must be a host name such as email-smtp.ap-northeast-2.amazonaws.com."
  }
}

variable "metric_namespace" {
  description = "CloudWatch namespace that instances may write to."
  type        = string
  default     = "Ticketing"
  nullable    = false
}

variable "name" {
  description = "Prefix of the names of all resources, for example ticketing-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 32 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen."
  }
}

variable "payment_secret" {
  description = "Secret shared with the payment provider. null: one is made, which will do for the sandbox. Passed on write-only."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "queue_arn" {
  description = "ARN of the work queue."
  type        = string
}

variable "secret_arns" {
  description = "ARNs of further secrets that instances read: the connections to Aurora and Redis."
  type        = list(string)
  default     = []
  nullable    = false
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

variable "tickets_bucket_arn" {
  description = "ARN of the bucket of ticket files."
  type        = string
}

variable "web_bucket_arn" {
  description = "ARN of the bucket of web pages and status files."
  type        = string
}
