variable "alb_arn" {
  description = "ARN of the load balancer."
  type        = string
}

variable "alb_dns_name" {
  description = "Address of the load balancer: its own, or with origin_https a name that its certificate covers."
  type        = string
}

variable "aliases" {
  description = "Names of the site, besides the distribution's own. They need certificate_arn."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.aliases) == 0 || var.enable_certificate
    error_message = "aliases need a certificate: set domain_name, which makes one, or leave aliases empty."
  }
}

variable "block_managed_rules" {
  description = "Whether the managed rule groups block. false only counts, which is how to begin on a new site."
  type        = bool
  default     = true
}

variable "captcha_kind" {
  description = "CAPTCHA whose widget the pages may load: turnstile, hcaptcha or recaptcha. null: none, and pages load nothing of others."
  type        = string
  default     = null

  validation {
    condition     = var.captcha_kind == null ? true : contains(["turnstile", "hcaptcha", "recaptcha"], var.captcha_kind)
    error_message = "captcha_kind must be turnstile, hcaptcha or recaptcha, or null for none."
  }
}

variable "certificate_arn" {
  description = "ACM certificate in us-east-1 for the aliases."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:aws[a-z-]*:acm:us-east-1:", var.certificate_arn))
    error_message = "certificate_arn must be a certificate of us-east-1: CloudFront takes no other."
  }
}

variable "enable_certificate" {
  description = "Whether certificate_arn is given. Known at plan time, unlike the ARN of a certificate that is about to be made."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days for which the web ACL's log is kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of the periods that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, …"
  }
}

variable "logs_bucket_arn" {
  description = "Bucket for the distribution's access logs (prefix cdn/)."
  type        = string
}

variable "name" {
  description = "Prefix of all names, e.g. ticketing-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 24 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "origin_https" {
  description = "Whether CloudFront speaks TLS to the load balancer: true as soon as that has a certificate for the site's name."
  type        = bool
  default     = false
}

variable "price_class" {
  description = "Edge locations to use. PriceClass_200 includes Seoul; PriceClass_100 does not."
  type        = string
  default     = "PriceClass_200"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "rate_limits" {
  description = "Requests that one address may make in five minutes: to the whole site, to join a line, to sign in or up, to hold seats, to order. Above it is answered 429. A campus or a carrier may share one address."
  type = object({
    holds   = optional(number, 6000)
    join    = optional(number, 3000)
    orders  = optional(number, 3000)
    sign_in = optional(number, 1500)
    site    = optional(number, 50000)
  })
  default = {}

  validation {
    condition     = alltrue([for limit in values(var.rate_limits) : limit >= 10 && limit <= 2000000000 && floor(limit) == limit])
    error_message = "rate_limits must be whole numbers of at least 10, the least that AWS WAF takes."
  }

  validation {
    condition     = alltrue([for name, limit in var.rate_limits : name == "site" || limit <= var.rate_limits.site])
    error_message = "rate_limits: no limit of one route may exceed that of the whole site, or it would never act."
  }
}

variable "routes" {
  description = "Clean URLs of the web pages, as in web/routes.json: path with {placeholders}, and the file that answers it, or the path `to` which it leads."
  type = list(object({
    file = optional(string)
    path = string
    to   = optional(string)
  }))

  validation {
    condition     = alltrue([for route in var.routes : (route.file == null) != (route.to == null) && startswith(route.path, "/")])
    error_message = "routes: each has a path that begins with a slash, and either a file or a `to`."
  }

  validation {
    condition     = alltrue([for route in var.routes : route.to == null || (length(regexall("\\{", route.path)) <= 1)])
    error_message = "routes: a path that leads elsewhere may have one placeholder only."
  }
}

variable "vpc_origin" {
  description = "Whether the load balancer is private and reached by a CloudFront VPC origin."
  type        = bool
  default     = false
}

variable "web_bucket_regional_domain_name" {
  description = "Regional address of the bucket with the web pages and the line's status files."
  type        = string
}
