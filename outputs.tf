output "alb_dns_name" {
  description = "Address of the load balancer: curl http://$(terraform output -raw alb_dns_name)/health (in prod only CloudFront reaches it)."
  value       = module.compute.alb_dns_name
}

output "alerts_topic_arn" {
  description = "Topic that alarms publish to."
  value       = module.queue.alerts_topic_arn
}

output "asg_name" {
  description = "Auto Scaling group of the application."
  value       = module.compute.asg_name
}

output "aws_region" {
  description = "Region that all of it is in."
  value       = var.aws_region
}

output "cloudfront_domain_name" {
  description = "Address of the distribution, or null."
  value       = try(local.distribution.distribution_domain_name, null)
}

output "dashboard_name" {
  description = "CloudWatch dashboard."
  value       = module.monitoring.dashboard_name
}

output "database_endpoint" {
  description = "Address of Aurora's writer."
  value       = module.database.cluster_endpoint
}

output "database_master_secret_arn" {
  description = "Secret with the master user's name and password."
  value       = module.database.master_secret_arn
}

output "database_reader_endpoint" {
  description = "Address of Aurora's readers."
  value       = module.database.reader_endpoint
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue."
  value       = module.queue.dead_letter_url
}

output "deploy_role_arn" {
  description = "Role that GitHub Actions release with, or null."
  value       = module.identity.deploy_role_arn
}

output "distribution_id" {
  description = "Id of the distribution, or null."
  value       = try(local.distribution.distribution_id, null)
}

output "ecr_repository_url" {
  description = "Repository of the application's image."
  value       = module.compute.ecr_repository_url
}

output "environment" {
  description = "Environment that this is: dev or prod."
  value       = local.environment
}

output "image_platform" {
  description = "Platform that the image has to be built for: linux/amd64 or linux/arm64."
  value       = module.compute.image_platform
}

output "image_uri" {
  description = "Image that instances run, by digest."
  value       = module.compute.image_uri
}

output "logs_bucket" {
  description = "Bucket of access logs and of the trail."
  value       = module.storage.logs_bucket_id
}

output "name" {
  description = "Beginning of the names of all resources."
  value       = local.name
}

output "name_servers" {
  description = "Name servers to enter at the registrar, where create_zone made the zone."
  value       = module.dns.name_servers
}

output "nat_public_ips" {
  description = "Addresses that the platform calls others from: for providers that admit by address."
  value       = module.vpc.nat_public_ips
}

output "queue_url" {
  description = "URL of the work queue."
  value       = module.queue.queue_url
}

output "redis_endpoint" {
  description = "Address of Redis' primary."
  value       = module.cache.primary_endpoint
}

output "redis_reader_endpoint" {
  description = "Address of Redis' replicas."
  value       = module.cache.reader_endpoint
}

output "site_url" {
  description = "Address of the site as people see it."
  value       = local.public_url
}

output "target_group_arn" {
  description = "Target group: aws elbv2 describe-target-health --target-group-arn $(terraform output -raw target_group_arn)."
  value       = module.compute.target_group_arn
}

output "tickets_bucket" {
  description = "Bucket of ticket files."
  value       = module.storage.tickets_bucket_id
}

output "trail_arn" {
  description = "CloudTrail's trail, or null."
  value       = module.audit.trail_arn
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = module.vpc.vpc_id
}

output "web_bucket" {
  description = "Bucket of the web pages."
  value       = module.storage.web_bucket_id
}
