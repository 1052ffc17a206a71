output "alerts_topic_arn" {
  description = "ARN of the topic that alarms publish to."
  value       = aws_sns_topic.alerts.arn
  depends_on  = [aws_sns_topic_policy.alerts]
}

output "dead_letter_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dead_letter.arn
}

output "dead_letter_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dead_letter.name
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue (TICKETING_QUEUE_DEAD_URL)."
  value       = aws_sqs_queue.dead_letter.url
}

output "queue_arn" {
  description = "ARN of the work queue."
  value       = aws_sqs_queue.this.arn
}

output "queue_name" {
  description = "Name of the work queue."
  value       = aws_sqs_queue.this.name
}

output "queue_url" {
  description = "URL of the work queue (TICKETING_QUEUE_URL)."
  value       = aws_sqs_queue.this.url
}

output "visibility_timeout_seconds" {
  description = "Visibility timeout of the work queue (TICKETING_QUEUE_VISIBILITY_SECONDS)."
  value       = aws_sqs_queue.this.visibility_timeout_seconds
}
