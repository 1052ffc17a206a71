locals {
  # The workspace decides. `default` is where a newcomer who never heard of workspaces is, so it counts as dev.
  environment = terraform.workspace == "default" ? "dev" : terraform.workspace
  is_prod     = local.environment == "prod"
  name        = "${var.project_name}-${local.environment}"

  tags = {
    Environment = local.environment
    ManagedBy   = "terraform"
    Project     = var.project_name
  }

  # What differs between a place to try things in and one that sells tickets, unless it is said.
  alb_ingress         = coalesce(var.alb_ingress, local.is_prod && var.enable_cdn ? "cloudfront" : "public")
  deletion_protection = coalesce(var.deletion_protection, local.is_prod)
  force_destroy       = coalesce(var.force_destroy, !local.is_prod)
  log_retention_days  = coalesce(var.log_retention_days, local.is_prod ? 90 : 14)

  secret_recovery_days = local.force_destroy ? 0 : 30

  # What Aurora takes by default goes by memory; a few are left for people.
  db_connections = lookup({
    "db.t3.large"   = 135
    "db.t3.medium"  = 90
    "db.t4g.large"  = 135
    "db.t4g.medium" = 90
  }, var.db_instance_class, 1000)

  enable_domain = var.domain_name != ""
  distribution  = one(module.cdn[*])

  public_url = (
    local.enable_domain ? "https://${var.domain_name}"
    : var.enable_cdn ? "https://${local.distribution.distribution_domain_name}"
    : "http://${module.compute.alb_dns_name}"
  )

  # Settings of the application that are no secrets; see src/ticketing/settings.py.
  app_environment = {
    TICKETING_ALERTS_URL               = module.queue.alerts_topic_arn
    TICKETING_AWS_REGION               = var.aws_region
    TICKETING_BLOBS_URL                = "s3://${module.storage.tickets_bucket_id}"
    TICKETING_MAIL_SENDER              = var.mail_sender
    TICKETING_PUBLIC_URL               = local.public_url
    TICKETING_QUEUE_DEAD_URL           = module.queue.dead_letter_url
    TICKETING_QUEUE_URL                = module.queue.queue_url
    TICKETING_QUEUE_VISIBILITY_SECONDS = tostring(module.queue.visibility_timeout_seconds)
    TICKETING_STATUS_URL               = "s3://${module.storage.web_bucket_id}"
    TICKETING_TRUSTED_PROXIES          = module.vpc.vpc_cidr
  }

  # Variable → secret#key. Instances fetch them at start.
  app_secrets = {
    TICKETING_DATABASE_URL   = "${module.database.app_secret_arn}#url"
    TICKETING_MAIL_URL       = "${module.identity.app_secret_arn}#MAIL_URL"
    TICKETING_PAYMENT_SECRET = "${module.identity.app_secret_arn}#PAYMENT_SECRET"
    TICKETING_SIGNING_KEYS   = "${module.identity.keys_secret_arn}#SIGNING_KEYS"
    TICKETING_TICKET_SEED    = "${module.identity.keys_secret_arn}#TICKET_SEED"
    TICKETING_VALKEY_URL     = "${module.cache.auth_secret_arn}#url"
  }
}
