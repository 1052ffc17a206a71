# From the outside in: network, stores, machines, edge, watch. Each module's README tells its inputs.

module "audit" {
  source = "./modules/audit"

  enable_cloudtrail  = var.enable_cloudtrail
  key_deletion_days  = local.force_destroy ? 7 : 30
  log_retention_days = local.log_retention_days
  logged_bucket_arns = local.is_prod ? { tickets = module.storage.tickets_bucket_arn } : {}
  logs_bucket_id     = module.storage.logs_bucket_id
  name               = local.name
}

module "vpc" {
  source = "./modules/vpc"

  availability_zones  = var.availability_zones
  enable_flow_logs    = var.enable_flow_logs
  enable_nat_gateway  = var.enable_nat_gateway
  endpoint_services   = var.endpoint_services
  endpoint_zone_count = local.is_prod ? null : 1
  kms_key_arn         = module.audit.kms_key_arn
  log_retention_days  = local.log_retention_days
  name                = local.name
  single_nat_gateway  = var.single_nat_gateway
  vpc_cidr            = var.vpc_cidr
}

module "security" {
  source = "./modules/security"

  alb_ingress       = local.alb_ingress
  allow_smtp        = var.mail_server != null
  internet_egress   = var.enable_nat_gateway
  name              = local.name
  origin_https      = local.enable_domain
  peer_ports        = var.payment_url == null ? { sandbox = 9100 } : {}
  s3_prefix_list_id = module.vpc.s3_prefix_list_id
  vpc_cidr          = module.vpc.vpc_cidr
  vpc_id            = module.vpc.vpc_id
}

module "storage" {
  source = "./modules/storage"

  force_destroy                = local.force_destroy
  kms_key_arn                  = module.audit.data_kms_key_arn
  name                         = local.name
  web_reader_distribution_arns = var.enable_cdn ? { site = local.distribution.distribution_arn } : {}
}

module "queue" {
  source = "./modules/queue"

  alert_emails        = var.alert_emails
  alert_phone_numbers = var.alert_phone_numbers
  kms_key_arn         = module.audit.data_kms_key_arn
  name                = local.name
}

module "database" {
  source = "./modules/database"

  alerts_topic_arn      = module.queue.alerts_topic_arn
  apply_immediately     = !local.is_prod
  backup_retention_days = var.db_backup_retention_days
  db_password           = var.db_password
  db_password_version   = var.db_password_version
  deletion_protection   = local.deletion_protection
  enable_events         = true
  engine_version        = var.db_engine_version
  instance_class        = var.db_instance_class
  instances             = var.db_instance_count
  kms_key_arn           = module.audit.data_kms_key_arn
  log_retention_days    = local.log_retention_days
  logs_kms_key_arn      = module.audit.kms_key_arn
  name                  = local.name
  secret_recovery_days  = local.secret_recovery_days
  security_group_ids    = [module.security.database_security_group_id]
  skip_final_snapshot   = local.force_destroy
  snapshot_identifier   = var.db_snapshot_identifier
  subnet_ids            = module.vpc.database_subnet_ids
}

module "cache" {
  source = "./modules/cache"

  apply_immediately    = !local.is_prod
  auth_version         = var.redis_auth_version
  engine               = var.redis_engine
  engine_version       = var.redis_engine_version
  kms_key_arn          = module.audit.data_kms_key_arn
  log_retention_days   = local.log_retention_days
  logs_kms_key_arn     = module.audit.kms_key_arn
  name                 = local.name
  node_type            = var.redis_node_type
  redis_num_nodes      = var.redis_num_nodes
  secret_recovery_days = local.secret_recovery_days
  security_group_ids   = [module.security.cache_security_group_id]
  subnet_ids           = module.vpc.database_subnet_ids
}

module "identity" {
  source = "./modules/identity"

  alerts_topic_arn         = module.queue.alerts_topic_arn
  app_secret_version       = var.app_secret_version
  dead_letter_arn          = module.queue.dead_letter_arn
  distribution_arns        = var.enable_cdn ? [local.distribution.distribution_arn] : []
  ecr_repository_arn       = module.compute.ecr_repository_arn
  github_branch            = var.github_branch
  github_oidc_provider_arn = var.github_oidc_provider_arn
  github_repository        = var.github_repository
  kms_key_arn              = module.audit.data_kms_key_arn
  log_group_arns           = values(module.monitoring.log_group_arns)
  mail_password            = var.mail_password
  mail_server              = var.mail_server
  name                     = local.name
  payment_secret           = var.payment_secret
  queue_arn                = module.queue.queue_arn
  secret_arns              = [module.database.app_secret_arn, module.cache.auth_secret_arn]
  secret_recovery_days     = local.secret_recovery_days
  tickets_bucket_arn       = module.storage.tickets_bucket_arn
  web_bucket_arn           = module.storage.web_bucket_arn
}

module "compute" {
  source = "./modules/compute"

  alb_deletion_protection = local.deletion_protection
  alb_reserved_lcus       = var.alb_reserved_lcus
  alb_security_group_id   = module.security.alb_security_group_id
  app_security_group_id   = module.security.app_security_group_id
  asg_desired_capacity    = var.asg_desired_capacity
  asg_max_size            = var.asg_max_size
  asg_min_size            = var.asg_min_size
  aws_region              = var.aws_region
  boot_log_group_name     = module.monitoring.log_group_names["boot"]
  certificate_arn         = module.dns.certificate_arn
  collector_config        = module.monitoring.collector_config
  database_connections    = local.db_connections - 10
  ecr_force_delete        = local.force_destroy
  enable_alb_https        = local.enable_domain
  environment             = merge(local.app_environment, var.app_settings)
  image_uri               = var.image_uri
  instance_profile_name   = module.identity.instance_profile_name
  instance_type           = var.instance_type
  internal                = local.alb_ingress == "cloudfront"
  log_group_name          = module.monitoring.log_group_names["application"]
  logs_bucket             = module.storage.logs_bucket_id
  name                    = local.name
  on_sale_capacity        = var.on_sale_capacity
  on_sale_times           = var.on_sale_times
  payment_url             = var.payment_url
  private_subnet_ids      = module.vpc.private_subnet_ids
  public_subnet_ids       = module.vpc.public_subnet_ids
  rollback_alarm_names    = ["${local.name}-alb-5xx"] # the name, since the alarm waits for the group
  secret_arns             = local.app_secrets
  source_folder           = path.root
  vpc_id                  = module.vpc.vpc_id
}

module "cdn" {
  source = "./modules/cdn"
  count  = var.enable_cdn ? 1 : 0

  alb_arn                         = module.compute.alb_arn
  alb_dns_name                    = local.enable_domain ? module.dns.origin_domain_name : module.compute.alb_dns_name
  aliases                         = local.enable_domain ? [var.domain_name] : []
  captcha_kind                    = lookup(var.app_settings, "TICKETING_CAPTCHA_KIND", null)
  certificate_arn                 = module.dns.cloudfront_certificate_arn
  enable_certificate              = local.enable_domain
  log_retention_days              = local.log_retention_days
  logs_bucket_arn                 = module.storage.logs_bucket_arn
  name                            = local.name
  origin_https                    = local.enable_domain
  routes                          = jsondecode(file("${path.root}/web/routes.json"))
  vpc_origin                      = local.alb_ingress == "cloudfront"
  web_bucket_regional_domain_name = module.storage.web_bucket_regional_domain_name

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }
}

module "dns" {
  source = "./modules/dns"

  alb_dns_name             = module.compute.alb_dns_name
  alb_zone_id              = module.compute.alb_zone_id
  create_zone              = var.create_zone
  distribution_domain_name = var.enable_cdn ? local.distribution.distribution_domain_name : null
  distribution_zone_id     = var.enable_cdn ? local.distribution.hosted_zone_id : null
  domain_name              = var.domain_name
  enable_alb_record        = !var.enable_cdn
  hosted_zone_id           = var.hosted_zone_id
  zone_name                = var.zone_name

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }
}

module "monitoring" {
  source = "./modules/monitoring"

  alarm_topic_arn             = module.queue.alerts_topic_arn
  alb_arn_suffix              = module.compute.alb_arn_suffix
  asg_max_size                = var.asg_max_size
  asg_min_size                = var.asg_min_size
  asg_name                    = module.compute.asg_name
  aws_region                  = var.aws_region
  cache_node_count            = var.redis_num_nodes
  cache_replication_group_id  = module.cache.replication_group_id
  database_cluster_identifier = module.database.cluster_identifier
  database_max_connections    = floor(local.db_connections * 0.75)
  dead_letter_name            = module.queue.dead_letter_name
  distribution_id             = var.enable_cdn ? local.distribution.distribution_id : null
  enable_xray                 = var.enable_xray
  kms_key_arn                 = module.audit.kms_key_arn
  log_retention_days          = local.log_retention_days
  name                        = local.name
  queue_name                  = module.queue.queue_name
  target_group_arn_suffix     = module.compute.target_group_arn_suffix
}
