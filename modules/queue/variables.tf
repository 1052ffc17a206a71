variable "alert_emails" {
  description = "Mail addresses that get alerts. Each gets a mail first and has to confirm."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\\.)+[A-Za-z]{2,}$", address))])
    error_message = "alert_emails must be mail addresses such as ops@example.com, without a name or spaces."
  }
}

variable "alert_phone_numbers" {
  description = "Telephone numbers that get alerts by SMS, in international form: +821012345678."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for number in var.alert_phone_numbers : can(regex("^\\+[1-9][0-9]{7,14}$", number))])
    error_message = "alert_phone_numbers must be in international form (E.164): a plus, the country code and digits only, such as +821012345678, not 010-1234-5678."
  }
}

variable "dead_letter_retention_seconds" {
  description = "Seconds to keep dead letters: the time there is to look at what went wrong."
  type        = number
  default     = 1209600
  nullable    = false

  validation {
    condition     = var.dead_letter_retention_seconds >= var.message_retention_seconds && var.dead_letter_retention_seconds <= 1209600
    error_message = "dead_letter_retention_seconds must be at least message_retention_seconds (a dead letter keeps its age, so it would vanish on arrival) and at most 1209600 (14 days)."
  }
}

variable "handler_timeout_seconds" {
  description = "Longest time that the worker takes for a batch before it asks for more time. The visibility timeout must be longer."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.handler_timeout_seconds > 0
    error_message = "handler_timeout_seconds must be more than 0."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for queue and topic. null: SQS's own key; the topic is then not encrypted by a key of ours."
  type        = string
  default     = null
}

variable "max_receive_count" {
  description = "Deliveries of a message before it becomes a dead letter. A fail-over of the database uses up several."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 3 && var.max_receive_count <= 1000
    error_message = "max_receive_count must be 3 to 1000: with fewer a fail-over of the database alone would make dead letters of paid orders."
  }
}

variable "message_retention_seconds" {
  description = "Seconds to keep a message that nobody works on."
  type        = number
  default     = 345600
  nullable    = false

  validation {
    condition     = var.message_retention_seconds >= 3600 && var.message_retention_seconds <= 1209600
    error_message = "message_retention_seconds must be 3600 (an hour) to 1209600 (14 days)."
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

variable "visibility_timeout_seconds" {
  description = "Seconds that a message is hidden from others while one worker has it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.visibility_timeout_seconds > var.handler_timeout_seconds && var.visibility_timeout_seconds <= 43200
    error_message = "visibility_timeout_seconds must be longer than handler_timeout_seconds (else a second worker gets a message that the first one still works on) and at most 43200."
  }
}
