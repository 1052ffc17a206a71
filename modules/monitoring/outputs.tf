locals {
  alarms     = concat(values(aws_cloudwatch_metric_alarm.metric), values(aws_cloudwatch_metric_alarm.expression), values(aws_cloudwatch_metric_alarm.cache), values(aws_cloudwatch_metric_alarm.cache_failover))
  alarm_arns = local.alarms[*].arn
}

output "alarm_names" {
  description = "Every alarm."
  value       = sort(local.alarms[*].alarm_name)
}

output "collector_config" {
  description = "OpenTelemetry Collector configuration for the instances, YAML."
  value       = local.collector_config
}

output "dashboard_name" {
  description = "CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "log_group_arns" {
  description = "What it takes (application, boot, metrics) → ARN of the log group."
  value       = { for what, group in aws_cloudwatch_log_group.this : what => group.arn }
}

output "log_group_names" {
  description = "What it takes (application, boot, metrics) → name of the log group."
  value       = { for what, group in aws_cloudwatch_log_group.this : what => group.name }
}
