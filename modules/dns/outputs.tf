output "certificate_arn" {
  description = "Validated certificate of this region; null without a domain."
  value       = one(aws_acm_certificate_validation.this[*].certificate_arn)
}

output "cloudfront_certificate_arn" {
  description = "Validated certificate of us-east-1; null without a domain."
  value       = one(aws_acm_certificate_validation.cloudfront[*].certificate_arn)
}

output "name_servers" {
  description = "Name servers to give to the registrar, of a zone that was made here; else empty."
  value       = local.enabled && var.create_zone ? aws_route53_zone.this[0].name_servers : []
}

output "origin_domain_name" {
  description = "Name at which CloudFront finds the load balancer, covered by certificate_arn; null without a domain."
  value       = one(aws_route53_record.origin[*].fqdn)
}

output "zone_id" {
  description = "Hosted zone; null without a domain."
  value       = local.zone_id
}
