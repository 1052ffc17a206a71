output "distribution_arn" {
  description = "ARN of the distribution."
  value       = aws_cloudfront_distribution.this.arn
}

output "distribution_domain_name" {
  description = "Address of the distribution."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "distribution_id" {
  description = "Id of the distribution, for invalidations."
  value       = aws_cloudfront_distribution.this.id
}

output "hosted_zone_id" {
  description = "Hosted zone id of the distribution, for alias records."
  value       = aws_cloudfront_distribution.this.hosted_zone_id
}

output "log_group_name" {
  description = "Log group of the web ACL, in us-east-1."
  value       = aws_cloudwatch_log_group.waf.name
}

output "web_acl_arn" {
  description = "Web ACL of the distribution."
  value       = aws_wafv2_web_acl.this.arn
}
