variable "alb_ingress" {
  description = "Who may reach the load balancer: \"public\" (everybody, HTTP and HTTPS) or \"cloudfront\" (CloudFront's addresses, on one port)."
  type        = string
  default     = "public"
  nullable    = false

  validation {
    condition     = contains(["public", "cloudfront"], var.alb_ingress)
    error_message = "alb_ingress must be \"public\" or \"cloudfront\"."
  }
}

variable "allow_smtp" {
  description = "Whether the application sends mail, by SMTP submission (587) or SMTPS (465)."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.allow_smtp || var.internet_egress
    error_message = "allow_smtp needs internet_egress: without NAT no mail server can be reached."
  }
}

variable "app_port" {
  description = "Port that the application listens on."
  type        = number
  default     = 8000
  nullable    = false

  validation {
    condition     = var.app_port >= 1024 && var.app_port <= 65535 && floor(var.app_port) == var.app_port
    error_message = "app_port must be a whole number from 1024 to 65535: the application is not root, so cannot listen below."
  }
}

variable "cache_port" {
  description = "Port of Redis."
  type        = number
  default     = 6379
  nullable    = false
}

variable "database_port" {
  description = "Port of Aurora."
  type        = number
  default     = 3306
  nullable    = false
}

variable "internet_egress" {
  description = "Whether the application may open HTTPS connections to the internet (payment provider, AWS through NAT). If not: to the VPC and to S3 alone."
  type        = bool
  default     = true
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

variable "origin_https" {
  description = "Whether CloudFront talks HTTPS to the load balancer. Decides the one port that alb_ingress = \"cloudfront\" opens."
  type        = bool
  default     = false
  nullable    = false
}

variable "peer_ports" {
  description = "Name → further port that instances of the application open to each other, such as the sandbox payment provider's."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for port in values(var.peer_ports) : port >= 1024 && port <= 65535])
    error_message = "peer_ports must be ports from 1024 to 65535."
  }
}

variable "s3_prefix_list_id" {
  description = "Prefix list of S3, reached through the gateway endpoint. Needed when internet_egress is false."
  type        = string
  default     = null
}

variable "vpc_cidr" {
  description = "IPv4 block of the VPC, where interface endpoints have their addresses."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr))
    error_message = "vpc_cidr must be an IPv4 block such as 10.0.0.0/16."
  }
}

variable "vpc_id" {
  description = "Id of the VPC."
  type        = string
}
