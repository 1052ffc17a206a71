variable "availability_zones" {
  description = "Availability Zones to spread over, in the order of their CIDR blocks. Append only: the place in the list decides a zone's blocks."
  type        = list(string)
  default     = ["ap-northeast-2a", "ap-northeast-2c"]
  nullable    = false

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 4
    error_message = "availability_zones must name 2 to 4 zones: the load balancer, Aurora and Redis need two, and there are address blocks for four."
  }

  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones names a zone twice: two subnets in one zone do not survive its loss."
  }

  validation {
    condition     = alltrue([for zone in var.availability_zones : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$", zone))])
    error_message = "availability_zones must be names of zones such as \"ap-northeast-2a\", not of regions or zone ids."
  }

  validation {
    condition     = length(distinct([for zone in var.availability_zones : substr(zone, 0, length(zone) - 1)])) == 1
    error_message = "availability_zones must all lie in one region."
  }
}

variable "enable_flow_logs" {
  description = "Whether to log the traffic of the VPC to CloudWatch Logs."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_nat_gateway" {
  description = "Whether private subnets reach the internet through NAT. Without it they reach AWS alone, through interface endpoints."
  type        = bool
  default     = true
  nullable    = false
}

variable "endpoint_services" {
  description = "AWS services to have interface endpoints for where there is no NAT, by the last part of their service names. The gateway endpoint of S3 is always there: it costs nothing."
  type        = set(string)
  default = [
    "autoscaling",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "monitoring",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "xray",
  ]
  nullable = false

  validation {
    condition = var.enable_nat_gateway || length(setsubtract(
      ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "sqs"], var.endpoint_services
    )) == 0
    error_message = "endpoint_services must hold at least ecr.api, ecr.dkr, logs, secretsmanager and sqs when enable_nat_gateway is false: without one of them instances do not boot."
  }

  validation {
    condition     = !contains(var.endpoint_services, "s3")
    error_message = "endpoint_services must not hold s3: it has a gateway endpoint already, which costs nothing."
  }
}

variable "endpoint_zone_count" {
  description = "In how many zones interface endpoints have an address. Each costs by the hour; one zone serves all, but does not survive its own loss. null: all zones."
  type        = number
  default     = null

  validation {
    condition     = var.endpoint_zone_count == null ? true : var.endpoint_zone_count >= 1 && var.endpoint_zone_count <= length(var.availability_zones)
    error_message = "endpoint_zone_count must be at least 1 and at most the number of availability_zones."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for the flow logs. null: CloudWatch's own key."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days to keep flow logs."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
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

variable "single_nat_gateway" {
  description = "Whether all zones share one NAT gateway: half the price, but losing its zone cuts off the others as well."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc_cidr" {
  description = "IPv4 block of the VPC. Subnets are cut out of it: each takes a sixteenth."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) ? cidrhost(var.vpc_cidr, 0) == split("/", var.vpc_cidr)[0] : false
    error_message = "vpc_cidr must be an IPv4 block that starts at its own network address, such as 10.0.0.0/16 (10.0.0.1/16 is not)."
  }

  validation {
    condition     = can(regex("/(1[6-9]|2[0-2])$", var.vpc_cidr))
    error_message = "vpc_cidr must be between /16 (the most AWS allows) and /22 (so that a subnet has room for 20 instances, the load balancer and endpoints)."
  }

  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.|100\\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\\.)", var.vpc_cidr))
    error_message = "vpc_cidr must be private: within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10. A public block would cut off the part of the internet that owns it."
  }
}
