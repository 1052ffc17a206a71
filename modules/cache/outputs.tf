output "auth_secret_arn" {
  description = "ARN of the secret with the application's connection: JSON key url (TICKETING_VALKEY_URL)."
  value       = aws_secretsmanager_secret.app.arn
  depends_on  = [aws_secretsmanager_secret_version.app]
}

output "log_group_names" {
  description = "Log (engine-log, slow-log) → its log group."
  value       = { for log, group in aws_cloudwatch_log_group.this : log => group.name }
}

output "member_clusters" {
  description = "Ids of the nodes, which metrics are told by."
  value       = aws_elasticache_replication_group.this.member_clusters
}

output "port" {
  description = "Port of the nodes."
  value       = var.port
}

output "primary_endpoint" {
  description = "Address of the node that takes writes."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "reader_endpoint" {
  description = "Address of the nodes that may be read."
  value       = aws_elasticache_replication_group.this.reader_endpoint_address
}

output "replication_group_id" {
  description = "Id of the replication group."
  value       = aws_elasticache_replication_group.this.replication_group_id
}
