# The keys are told only together with their policies: a log group made before its key admits CloudWatch fails.
output "data_kms_key_arn" {
  description = "ARN of the key of the stores: Aurora, Redis, queues, topic, secrets, tickets."
  value       = aws_kms_key.this["data"].arn
  depends_on  = [aws_kms_key_policy.this]
}

output "kms_key_arn" {
  description = "ARN of the key of the logs: CloudWatch log groups and the trail."
  value       = aws_kms_key.this["logs"].arn
  depends_on  = [aws_kms_key_policy.this]
}

output "log_group_name" {
  description = "Log group of the trail, or null."
  value       = one(aws_cloudwatch_log_group.trail[*].name)
}

output "trail_arn" {
  description = "ARN of the trail, or null."
  value       = one(aws_cloudtrail.this[*].arn)
}
