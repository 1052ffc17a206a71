variable "alb_deletion_protection" {
  description = "Whether the load balancer refuses to be deleted."
  type        = bool
  default     = false
}

variable "alb_ready_timeout" {
  description = "How long an apply waits for healthy instances behind the load balancer, e.g. 20m. \"0\" does not wait."
  type        = string
  default     = "20m"

  validation {
    condition     = can(regex("^(0|[1-9][0-9]*[ms])$", var.alb_ready_timeout))
    error_message = "alb_ready_timeout must be 0, or a number of minutes or seconds such as 20m or 90s."
  }
}

variable "alb_reserved_lcus" {
  description = "Load balancer capacity units to reserve before a big sale (an ALB takes 100 to 1500 without a quota raise); 0 reserves none. Billed while reserved."
  type        = number
  default     = 0

  validation {
    condition     = var.alb_reserved_lcus == 0 || (var.alb_reserved_lcus >= 100 && floor(var.alb_reserved_lcus) == var.alb_reserved_lcus)
    error_message = "alb_reserved_lcus must be 0 or a whole number of at least 100, the least that AWS reserves for an ALB."
  }
}

variable "alb_security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "ami_id" {
  description = "AMI of the instances (Amazon Linux 2023, for the architecture of instance_type). null takes the newest one at each apply, which then replaces the instances one by one."
  type        = string
  default     = null

  validation {
    condition     = var.ami_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.ami_id))
    error_message = "ami_id must look like ami-0123456789abcdef0."
  }
}

variable "app_port" {
  description = "TCP port on which the API answers on each instance."
  type        = number
  default     = 8000

  validation {
    condition     = var.app_port >= 1024 && var.app_port <= 65535
    error_message = "app_port must lie between 1024 and 65535: the container runs without privileges."
  }
}

variable "app_security_group_id" {
  description = "Security group of the instances."
  type        = string
}

variable "asg_desired_capacity" {
  description = "Instances to begin with. Scaling changes the number afterwards; Terraform leaves it alone then."
  type        = number
  default     = 4

  validation {
    condition     = var.asg_desired_capacity >= var.asg_min_size && var.asg_desired_capacity <= var.asg_max_size
    error_message = "asg_desired_capacity must lie between asg_min_size and asg_max_size: min <= desired <= max."
  }
}

variable "asg_max_size" {
  description = "Most instances."
  type        = number
  default     = 20

  validation {
    condition     = var.asg_max_size >= var.asg_min_size && var.asg_max_size <= 200
    error_message = "asg_max_size must be at least asg_min_size, and at most 200."
  }
}

variable "asg_min_size" {
  description = "Fewest instances."
  type        = number
  default     = 2

  validation {
    condition     = var.asg_min_size >= 1 && floor(var.asg_min_size) == var.asg_min_size
    error_message = "asg_min_size must be a whole number of at least 1."
  }
}

variable "aws_region" {
  description = "Region that everything here runs in."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must look like ap-northeast-2."
  }
}

variable "boot_log_group_name" {
  description = "CloudWatch log group that takes /var/log/user-data.log of each instance."
  type        = string
}

variable "boot_seconds" {
  description = "Seconds from launch until an instance answers: packages, image pull, migration check, start. Sizes warm-up, grace and the lead of scheduled scaling. Read yours from the last line of /var/log/user-data.log."
  type        = number
  default     = 180

  validation {
    condition     = var.boot_seconds >= 30 && var.boot_seconds <= 1800
    error_message = "boot_seconds must lie between 30 and 1800."
  }
}

variable "certificate_arn" {
  description = "ACM certificate of this region for the load balancer. null serves plain HTTP on port 80, which only a development environment may."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of an ACM certificate in the load balancer's own region."
  }
}

variable "collector_config" {
  description = "OpenTelemetry Collector configuration in YAML (output collector_config of the monitoring module)."
  type        = string
}

variable "cpu_target_percent" {
  description = "Average CPU of the instances that scaling holds."
  type        = number
  default     = 50

  validation {
    condition     = var.cpu_target_percent >= 10 && var.cpu_target_percent <= 90
    error_message = "cpu_target_percent must lie between 10 and 90."
  }
}

variable "database_connections" {
  description = "Connections that the database takes, less a few for people: shared out evenly over asg_max_size instances and their processes, at least 2 and at most 8 for each. Aurora's db.t3.medium takes 90, a large one 1000."
  type        = number
  default     = 80

  validation {
    condition     = var.database_connections >= 20
    error_message = "database_connections must be at least 20."
  }
}

variable "drain_seconds" {
  description = "Seconds that an instance which is told to stop goes on answering while the load balancer takes it out; the rest of a purchase (one request of at most 25 s) fits behind it."
  type        = number
  default     = 60

  validation {
    condition     = var.drain_seconds >= 10 && var.drain_seconds <= 900
    error_message = "drain_seconds must lie between 10 and 900."
  }
}

variable "ecr_force_delete" {
  description = "Whether destroying deletes the image repository with images in it."
  type        = bool
  default     = false
}

variable "enable_alb_https" {
  description = "Whether certificate_arn is given: 443 serves and 80 redirects to it. Known at plan time, unlike the ARN of a certificate that is about to be made."
  type        = bool
  default     = false
}

variable "enable_https_targets" {
  description = "Whether the load balancer speaks TLS to the instances, each with a certificate that it makes for itself at start."
  type        = bool
  default     = true
}

variable "environment" {
  description = "TICKETING_* variables of the application that are no secrets. They are readable by whoever may describe the launch template."
  type        = map(string)

  validation {
    condition     = alltrue([for name, value in var.environment : can(regex("^[A-Z][A-Z0-9_]*$", name)) && !can(regex("[\\r\\n]", value))])
    error_message = "environment: names are capitals, digits and underscores, and no value may hold a line break."
  }

  validation {
    condition     = length(setintersection(keys(var.environment), ["TICKETING_SIGNING_KEYS", "TICKETING_TICKET_SEED", "TICKETING_PAYMENT_SECRET", "TICKETING_DATABASE_URL", "TICKETING_VALKEY_URL", "TICKETING_MAIL_URL", "TICKETING_CAPTCHA_SECRET"])) == 0
    error_message = "environment must hold no secret (signing keys, ticket seed, payment secret, URLs with passwords): put them into Secrets Manager and name them in secret_arns."
  }
}

variable "image_uri" {
  description = "Container image by digest (registry/name@sha256:…). null builds it from source_folder on the machine that runs Terraform, with Docker, and pushes it to the ECR repository made here."
  type        = string
  default     = null

  validation {
    condition     = var.image_uri == null || can(regex("^[a-z0-9.-]+(:[0-9]+)?/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$", var.image_uri))
    error_message = "image_uri must name the image by digest, e.g. 123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/ticketing-dev@sha256:<64 hex digits>: a tag can change under a running fleet."
  }
}

variable "instance_profile_name" {
  description = "Instance profile of the instances."
  type        = string
}

variable "instance_type" {
  description = "Instance type, x86 or Graviton: t3.medium in dev, c5.large or c7g.large in prod. The image is built for its architecture."
  type        = string
  default     = "t3.medium"

  validation {
    condition     = can(regex("^[a-z]+[0-9]+[a-z0-9-]*\\.([a-z]+|[0-9]+xlarge|metal-[0-9]+xl)$", var.instance_type))
    error_message = "instance_type must look like t3.medium, c5.large, t4g.medium or c7g.2xlarge."
  }

  validation {
    condition     = !can(regex("\\.(nano|micro)$", var.instance_type))
    error_message = "instance_type: nano and micro have too little memory for api and worker side by side; take small or larger."
  }
}

variable "internal" {
  description = "Whether the load balancer is reachable from within the VPC only (CloudFront comes in by a VPC origin)."
  type        = bool
  default     = false
}

variable "log_group_name" {
  description = "CloudWatch log group of the application's containers."
  type        = string
}

variable "logs_bucket" {
  description = "Bucket for access and connection logs of the load balancer (prefix alb/). null keeps none."
  type        = string
  default     = null
}

variable "name" {
  description = "Prefix of all names, e.g. ticketing-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 24 small letters, digits and hyphens, beginning with a letter (load balancers allow 32 in all)."
  }
}

variable "on_sale_capacity" {
  description = "Instances to have ready at each on-sale time. null takes asg_max_size."
  type        = number
  default     = null

  validation {
    condition     = var.on_sale_capacity == null || (coalesce(var.on_sale_capacity, var.asg_min_size) >= var.asg_min_size && coalesce(var.on_sale_capacity, var.asg_max_size) <= var.asg_max_size)
    error_message = "on_sale_capacity must lie between asg_min_size and asg_max_size."
  }
}

variable "on_sale_hold_minutes" {
  description = "Minutes after an on-sale time for which the scheduled capacity is kept."
  type        = number
  default     = 60

  validation {
    condition     = var.on_sale_hold_minutes >= 5 && var.on_sale_hold_minutes <= 1440
    error_message = "on_sale_hold_minutes must lie between 5 and 1440."
  }
}

variable "on_sale_times" {
  description = "Moments at which sales open, RFC 3339 in UTC. Before each, the group grows to on_sale_capacity; after it, it may shrink again."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for time in var.on_sale_times : can(formatdate("YYYY", time)) && endswith(time, "Z")])
    error_message = "on_sale_times must be UTC instants such as 2027-03-01T11:00:00Z."
  }

  validation {
    condition     = length(distinct(var.on_sale_times)) == length(var.on_sale_times) && length(var.on_sale_times) <= 50
    error_message = "on_sale_times must not name a moment twice, and at most 50 of them."
  }
}

variable "payment_url" {
  description = "Address of the payment provider. null runs the sandbox provider, which moves no money, on one small instance of its own."
  type        = string
  default     = null

  validation {
    condition     = var.payment_url == null || can(regex("^https://[^/\\s]+", var.payment_url))
    error_message = "payment_url must begin with https://, or be null for the sandbox."
  }
}

variable "private_subnet_ids" {
  description = "Subnets of the instances, one in each availability zone."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids needs subnets in at least two availability zones."
  }
}

variable "public_subnet_ids" {
  description = "Subnets of a load balancer that faces the internet, one in each availability zone."
  type        = list(string)

  validation {
    condition     = length(var.public_subnet_ids) >= 2
    error_message = "public_subnet_ids needs subnets in at least two availability zones: a load balancer asks for two."
  }
}

variable "requests_per_target" {
  description = "Requests per instance and minute that scaling holds. A small core was measured at about 1,300 orders or 3,000 holds a second; the default leaves four fifths in reserve."
  type        = number
  default     = 12000

  validation {
    condition     = var.requests_per_target >= 100
    error_message = "requests_per_target must be at least 100 a minute."
  }
}

variable "rollback_alarm_names" {
  description = "Names of alarms that make a rolling instance refresh go back to the version before."
  type        = list(string)
  default     = []
}

variable "root_volume_gb" {
  description = "Size of each instance's disk, GB."
  type        = number
  default     = 20

  validation {
    condition     = var.root_volume_gb >= 10 && var.root_volume_gb <= 500
    error_message = "root_volume_gb must lie between 10 and 500."
  }
}

variable "secret_arns" {
  description = "TICKETING_* variable → ARN of its secret, or ARN#key for one key of a secret in JSON. Instances fetch the values at start into files in memory and hand the application TICKETING_*_FILE."
  type        = map(string)

  validation {
    condition     = alltrue([for name, arn in var.secret_arns : can(regex("^TICKETING_[A-Z0-9_]+$", name)) && can(regex("^arn:aws[a-z-]*:secretsmanager:[^#\\s]+(#[A-Za-z0-9_]+)?$", arn))])
    error_message = "secret_arns: each name begins with TICKETING_, each value is the ARN of a Secrets Manager secret, with #key for one key of it."
  }
}

variable "source_folder" {
  description = "Folder of the checkout that the image is built from when image_uri is null."
  type        = string
  default     = "."
}

variable "vpc_id" {
  description = "VPC of the target group."
  type        = string
}
