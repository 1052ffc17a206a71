variable "alb_dns_name" {
  description = "Address of the load balancer, for the record that CloudFront finds it by, and for the site itself where there is no distribution."
  type        = string
  default     = null
}

variable "alb_zone_id" {
  description = "Hosted zone id of the load balancer."
  type        = string
  default     = null
}

variable "create_zone" {
  description = "Whether to make the hosted zone. false uses hosted_zone_id, or the public zone of zone_name that exists."
  type        = bool
  default     = false

  validation {
    condition     = !(var.create_zone && var.hosted_zone_id != null)
    error_message = "create_zone and hosted_zone_id exclude each other: either the zone is made, or it is there."
  }
}

variable "distribution_domain_name" {
  description = "Address of the CloudFront distribution, for the record; null points the record at the load balancer."
  type        = string
  default     = null
}

variable "distribution_zone_id" {
  description = "Hosted zone id of the distribution."
  type        = string
  default     = null
}

variable "domain_name" {
  description = "Name of the site, e.g. tickets.example.com. Empty makes nothing."
  type        = string
  default     = ""

  validation {
    condition     = var.domain_name == "" || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain_name))
    error_message = "domain_name must be a host name in small letters such as tickets.example.com, without https:// and without a slash."
  }
}

variable "enable_alb_record" {
  description = "Whether the site's record points at the load balancer (true) or at the distribution. Known at plan time, unlike the addresses."
  type        = bool
  default     = false
}

variable "hosted_zone_id" {
  description = "Id of the public hosted zone that holds domain_name."
  type        = string
  default     = null

  validation {
    condition     = var.hosted_zone_id == null || can(regex("^Z[A-Z0-9]{1,31}$", var.hosted_zone_id))
    error_message = "hosted_zone_id must look like Z0123456789ABCDEFGHIJ."
  }
}

variable "zone_name" {
  description = "Name of the hosted zone, e.g. example.com. Empty takes domain_name itself."
  type        = string
  default     = ""

  validation {
    condition     = var.zone_name == "" || var.domain_name == var.zone_name || endswith(var.domain_name, ".${var.zone_name}")
    error_message = "domain_name must be zone_name or lie below it."
  }
}
