variable "alb_ingress" {
  description = "Who may reach the load balancer: \"public\" or \"cloudfront\" alone. null: public in dev (so that curl http://$(terraform output -raw alb_dns_name)/health works), cloudfront in prod."
  type        = string
  default     = null

  validation {
    condition     = var.alb_ingress == null ? true : contains(["public", "cloudfront"], var.alb_ingress)
    error_message = "alb_ingress must be \"public\" or \"cloudfront\"."
  }

  validation {
    condition     = var.alb_ingress != "cloudfront" || var.enable_cdn
    error_message = "alb_ingress = \"cloudfront\" needs enable_cdn: nobody else could reach the load balancer."
  }
}

variable "alb_reserved_lcus" {
  description = "Load balancer capacity units to reserve, for an on-sale whose first second is the worst. 0: none, it grows by itself within minutes. Costs by the hour."
  type        = number
  default     = 0
  nullable    = false
}

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

variable "app_secret_version" {
  description = "Raise by one after changing mail_password or payment_secret: what is passed on write-only is not compared."
  type        = number
  default     = 1
  nullable    = false
}

variable "app_settings" {
  description = "Further settings of the application that are no secrets, for example { TICKETING_LINE_CAP = \"3000\" }; the README lists them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.app_settings) : can(regex("^TICKETING_[A-Z0-9_]+$", name))])
    error_message = "app_settings: names are like TICKETING_LINE_CAP."
  }

  validation {
    condition     = alltrue([for name in keys(var.app_settings) : !can(regex("SECRET|SIGNING_KEYS|TICKET_SEED|DATABASE_URL|VALKEY_URL|MAIL_URL", name))])
    error_message = "app_settings must hold no secrets: they would be readable in the state and on every instance. Put them into Secrets Manager."
  }
}

variable "asg_desired_capacity" {
  description = "Instances to start with. Later the group decides, between asg_min_size and asg_max_size."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.asg_min_size <= var.asg_desired_capacity && var.asg_desired_capacity <= var.asg_max_size
    error_message = "asg_desired_capacity must lie between asg_min_size and asg_max_size (min ≤ desired ≤ max)."
  }
}

variable "asg_max_size" {
  description = "Most instances at a time."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.asg_max_size >= 1 && var.asg_max_size <= 200 && floor(var.asg_max_size) == var.asg_max_size
    error_message = "asg_max_size must be a whole number from 1 to 200."
  }
}

variable "asg_min_size" {
  description = "Fewest instances. Two survive the loss of a zone; one saves money in dev."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.asg_min_size >= 1 && floor(var.asg_min_size) == var.asg_min_size
    error_message = "asg_min_size must be a whole number, 1 or more."
  }

  validation {
    condition     = terraform.workspace != "prod" || var.asg_min_size >= 2
    error_message = "asg_min_size must be 2 or more in prod: one instance does not survive the loss of its zone."
  }
}

variable "availability_zones" {
  description = "Availability Zones to spread over. Append only: the place in the list decides a zone's addresses."
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
    condition     = alltrue([for zone in var.availability_zones : can(regex("^${var.aws_region}[a-z]$", zone))])
    error_message = "availability_zones must be zones of aws_region, such as ${var.aws_region}a and ${var.aws_region}c."
  }
}

variable "aws_account_id" {
  description = "Account that this may be applied to; with other credentials every command stops. null: any."
  type        = string
  default     = null

  validation {
    condition     = var.aws_account_id == null ? true : can(regex("^[0-9]{12}$", var.aws_account_id))
    error_message = "aws_account_id must be the 12 digits of an account."
  }
}

variable "aws_region" {
  description = "Region of everything but what CloudFront needs in us-east-1."
  type        = string
  default     = "ap-northeast-2"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be a region such as ap-northeast-2, not a zone (ap-northeast-2a)."
  }
}

variable "create_zone" {
  description = "Whether to make the Route 53 zone of domain_name. Its name servers (output name_servers) must then be entered at the registrar."
  type        = bool
  default     = false
  nullable    = false
}

variable "db_backup_retention_days" {
  description = "Days of backups, so how far back the database can be restored to any second."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.db_backup_retention_days >= 1 && var.db_backup_retention_days <= 35
    error_message = "db_backup_retention_days must be 1 to 35: Aurora cannot be without backups, and keeps no longer ones."
  }
}

variable "db_engine_version" {
  description = "Version of Aurora MySQL, in full. The default is of the long-term support line."
  type        = string
  default     = "8.0.mysql_aurora.3.10.3"
  nullable    = false
}

variable "db_instance_class" {
  description = "Size of each database instance."
  type        = string
  default     = "db.t3.medium"
  nullable    = false
}

variable "db_instance_count" {
  description = "Number of database instances: the writer and its readers."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = terraform.workspace != "prod" || var.db_instance_count >= 2
    error_message = "db_instance_count must be 2 or more in prod: a writer alone has nobody to take over."
  }
}

variable "db_password" {
  description = "Password of the database's master user. null: one is made. Neither plan nor state ever holds it; to change it, raise db_password_version as well."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition = var.db_password == null ? true : (
      length(var.db_password) >= 8 && length(var.db_password) <= 41
      && can(regex("[A-Z]", var.db_password)) && can(regex("[a-z]", var.db_password))
      && can(regex("[0-9]", var.db_password)) && can(regex("[^A-Za-z0-9]", var.db_password))
    )
    error_message = "password does not meet policy requirements: db_password needs 8 to 41 characters, with at least one upper-case letter, one lower-case letter, one digit and one special character."
  }

  validation {
    condition     = var.db_password == null ? true : can(regex("^[!-~]+$", var.db_password)) && !can(regex("[/@\"]", var.db_password))
    error_message = "password does not meet policy requirements: db_password may hold printable ASCII characters only, without spaces and without / @ and \" (RDS refuses those)."
  }

  validation {
    condition     = terraform.workspace != "prod" || var.db_password == null ? true : var.db_password != "YourSecurePassword123!"
    error_message = "password does not meet policy requirements: db_password is the one of terraform.tfvars.example, which everybody knows."
  }
}

variable "db_password_version" {
  description = "Raise by one to have the database's password set anew."
  type        = number
  default     = 1
  nullable    = false
}

variable "db_snapshot_identifier" {
  description = "Snapshot to make the database from, for a restore. null: an empty one."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the database and the load balancer. null: in prod."
  type        = bool
  default     = null
}

variable "domain_name" {
  description = "Name of the site, such as tickets.example.com. Empty: the addresses that AWS gives; no certificate, no records."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.domain_name == "" || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain_name))
    error_message = "domain_name must be a host name in small letters such as tickets.example.com, without https:// and without a slash."
  }

  validation {
    condition     = var.domain_name != "" || !var.create_zone && var.hosted_zone_id == null && var.zone_name == ""
    error_message = "create_zone, hosted_zone_id and zone_name do nothing without domain_name: set it, or leave them out."
  }

  validation {
    condition     = var.domain_name == "" || var.create_zone || var.hosted_zone_id != null || var.zone_name != ""
    error_message = "domain_name needs its zone as well, since the certificate is proved by a record there: set hosted_zone_id or zone_name (a zone that exists), or create_zone = true."
  }
}

variable "enable_cdn" {
  description = "Whether to put CloudFront and the web application firewall in front."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_cloudtrail" {
  description = "Whether to keep a trail of all calls to AWS. An account with an organisation's trail does not need another."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_flow_logs" {
  description = "Whether to log the traffic of the VPC."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_nat_gateway" {
  description = "Whether private subnets reach the internet. false (dev only) saves the NAT gateways; AWS is then reached through interface endpoints, which cost as well: see endpoint_services."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.enable_nat_gateway || terraform.workspace != "prod"
    error_message = "enable_nat_gateway may be false in dev only: prod talks to a payment provider on the internet."
  }

  validation {
    condition     = var.enable_nat_gateway || var.payment_url == null && var.mail_server == null
    error_message = "payment_url and mail_server need enable_nat_gateway: without it nothing on the internet can be reached."
  }
}

variable "enable_xray" {
  description = "Whether to make the X-Ray group and sampling rules."
  type        = bool
  default     = true
  nullable    = false
}

variable "endpoint_services" {
  description = "Services to have interface endpoints for where enable_nat_gateway is false. Each costs by the hour; the least is ecr.api, ecr.dkr, logs, secretsmanager and sqs."
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
}

variable "environment" {
  description = "Environment that the values are meant for: dev or prod. null: whatever the workspace is. Files under envs/ set it, so that prod's values cannot be applied to dev by mistake."
  type        = string
  default     = null

  validation {
    condition     = contains(var.environment == null ? ["default", "dev", "prod"] : ["dev", "prod"], coalesce(var.environment, terraform.workspace))
    error_message = "environment must be \"dev\" or \"prod\". Where it is null, the workspace decides: that is \"${terraform.workspace}\" now (terraform workspace select dev)."
  }

  validation {
    condition     = var.environment == null ? true : var.environment == (terraform.workspace == "default" ? "dev" : terraform.workspace)
    error_message = "environment is \"${var.environment == null ? "" : var.environment}\", but the workspace is \"${terraform.workspace}\" (default counts as dev). Select the other workspace, or take the other file of values."
  }
}

variable "force_destroy" {
  description = "Whether terraform destroy takes what holds data: buckets, images, the database without a last snapshot, secrets without recovery. null: in dev."
  type        = bool
  default     = null

  validation {
    condition     = var.force_destroy != true || terraform.workspace != "prod" || var.deletion_protection == false
    error_message = "force_destroy in prod needs deletion_protection = false as well: say it twice, or not at all."
  }
}

variable "github_branch" {
  description = "Branch of github_repository that may deploy."
  type        = string
  default     = "main"
  nullable    = false
}

variable "github_oidc_provider_arn" {
  description = "ARN of the account's identity provider for GitHub Actions, of which there can be one. null: it is made."
  type        = string
  default     = null
}

variable "github_repository" {
  description = "Repository whose GitHub Actions may release, as owner/name. Empty: none, and no deploy role."
  type        = string
  default     = ""
  nullable    = false
}

variable "hosted_zone_id" {
  description = "Id of the Route 53 zone that holds domain_name."
  type        = string
  default     = null
}

variable "image_uri" {
  description = "Container image by digest (registry/name@sha256:…). null: built from this folder while applying, which needs Docker."
  type        = string
  default     = null
}

variable "instance_type" {
  description = "Type of the instances, from t3.medium to c5.large and their Graviton relatives (t4g, c6g, c7g)."
  type        = string
  default     = "t3.medium"
  nullable    = false
}

variable "log_retention_days" {
  description = "Days to keep logs. null: 14 in dev, 90 in prod."
  type        = number
  default     = null
}

variable "mail_password" {
  description = "Password at mail_server. Neither plan nor state ever holds it."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = (var.mail_password == null) == (var.mail_server == null)
    error_message = "mail_password and mail_server go together."
  }
}

variable "mail_sender" {
  description = "Address that mail to buyers comes from. A mail server has to know it as yours."
  type        = string
  default     = "tickets@localhost.localdomain"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\\.)+[A-Za-z]{2,}$", var.mail_sender))
    error_message = "mail_sender must be a mail address such as tickets@example.com."
  }

  validation {
    condition     = var.mail_server == null || !endswith(var.mail_sender, "localdomain")
    error_message = "mail_sender must be an address of yours when mail_server is set."
  }
}

variable "mail_server" {
  description = "Server that mail to buyers is handed to, for example Amazon SES. null: mail is kept in a folder, which will do for trying things out."
  type = object({
    host     = string
    port     = optional(number, 587)
    username = string
  })
  default = null
}

variable "on_sale_capacity" {
  description = "Instances to have ready at each of on_sale_times. null: asg_max_size."
  type        = number
  default     = null
}

variable "on_sale_times" {
  description = "Moments at which sales open, such as 2026-12-01T11:00:00Z. The group grows before each."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "payment_secret" {
  description = "Secret shared with the payment provider. null: one is made, for the sandbox. Neither plan nor state ever holds it."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "payment_url" {
  description = "Address of the payment provider. null (dev only): the sandbox provider, which moves no money."
  type        = string
  default     = null

  validation {
    condition     = var.payment_url == null ? true : can(regex("^https://[^/ ]+", var.payment_url))
    error_message = "payment_url must begin with https://."
  }

  validation {
    condition     = var.payment_url != null || terraform.workspace != "prod"
    error_message = "payment_url must be set in prod: the sandbox provider moves no money."
  }
}

variable "project_name" {
  description = "Beginning of the names of all resources, followed by the environment."
  type        = string
  default     = "ticketing"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,17}[a-z0-9]$", var.project_name)) && !strcontains(var.project_name, "--")
    error_message = "project_name must be 3 to 19 lower-case letters, digits and single hyphens, starting with a letter and not ending with a hyphen: names of load balancers have no room for more."
  }
}

variable "redis_auth_version" {
  description = "Raise by one to have a new password made and set at Redis."
  type        = number
  default     = 1
  nullable    = false
}

variable "redis_engine" {
  description = "\"redis\" or \"valkey\". From redis to valkey is a change in place; the way back is a new, empty cluster."
  type        = string
  default     = "redis"
  nullable    = false
}

variable "redis_engine_version" {
  description = "Version of the engine: 7.0 or 7.1 of redis; 7.2, 8.x or 9.x of valkey."
  type        = string
  default     = "7.0"
  nullable    = false
}

variable "redis_node_type" {
  description = "Size of each Redis node."
  type        = string
  default     = "cache.t3.micro"
  nullable    = false
}

variable "redis_num_nodes" {
  description = "Number of Redis nodes: the primary and its replicas. 1 saves money in dev and gives up Multi-AZ."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.redis_num_nodes >= 1 && var.redis_num_nodes <= 6 && floor(var.redis_num_nodes) == var.redis_num_nodes
    error_message = "redis_num_nodes must be a whole number from 1 (a primary alone, no Multi-AZ) to 6 (a primary and 5 replicas)."
  }

  validation {
    condition     = terraform.workspace != "prod" || var.redis_num_nodes >= 2
    error_message = "redis_num_nodes must be 2 or more in prod: a single node has nobody to take over."
  }
}

variable "single_nat_gateway" {
  description = "Whether all zones share one NAT gateway: half the price, but losing its zone cuts off the others as well."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc_cidr" {
  description = "IPv4 block of the VPC."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false
}

variable "zone_name" {
  description = "Name of the Route 53 zone that holds domain_name, such as example.com. Empty: hosted_zone_id tells."
  type        = string
  default     = ""
  nullable    = false
}
