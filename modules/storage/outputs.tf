# Whoever logs there must wait for the policy that lets it.
output "logs_bucket_arn" {
  description = "ARN of the logs bucket."
  value       = aws_s3_bucket.this["logs"].arn
  depends_on  = [aws_s3_bucket_policy.logs]
}

output "logs_bucket_domain_name" {
  description = "Domain name of the logs bucket."
  value       = aws_s3_bucket.this["logs"].bucket_domain_name
}

output "logs_bucket_id" {
  description = "Name of the logs bucket."
  value       = aws_s3_bucket.this["logs"].id
  depends_on  = [aws_s3_bucket_policy.logs]
}

output "tickets_bucket_arn" {
  description = "ARN of the bucket of ticket files."
  value       = aws_s3_bucket.this["tickets"].arn
}

output "tickets_bucket_id" {
  description = "Name of the bucket of ticket files (TICKETING_BLOBS_URL is s3://… of it)."
  value       = aws_s3_bucket.this["tickets"].id
}

output "web_bucket_arn" {
  description = "ARN of the bucket of web pages and status files."
  value       = aws_s3_bucket.this["web"].arn
}

output "web_bucket_id" {
  description = "Name of the bucket of web pages and status files."
  value       = aws_s3_bucket.this["web"].id
}

output "web_bucket_regional_domain_name" {
  description = "Domain name of the web bucket in its region, for CloudFront's origin."
  value       = aws_s3_bucket.this["web"].bucket_regional_domain_name
}
