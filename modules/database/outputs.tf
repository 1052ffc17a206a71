# The application starts only when there is an instance behind the endpoint.
output "app_secret_arn" {
  description = "ARN of the secret with the application's connection: JSON keys url (TICKETING_DATABASE_URL) and reader_url."
  value       = aws_secretsmanager_secret.app.arn
  depends_on  = [aws_rds_cluster_instance.this, aws_secretsmanager_secret_version.app]
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_rds_cluster.this.arn
}

output "cluster_endpoint" {
  description = "Address of the writer."
  value       = aws_rds_cluster.this.endpoint
}

output "cluster_identifier" {
  description = "Identifier of the cluster."
  value       = aws_rds_cluster.this.cluster_identifier
}

output "database_name" {
  description = "Name of the database."
  value       = aws_rds_cluster.this.database_name
}

output "instance_identifiers" {
  description = "Identifiers of the instances."
  value       = [for instance in aws_rds_cluster_instance.this : instance.identifier]
}

output "log_group_names" {
  description = "Log (audit, error, slowquery) → its log group."
  value       = { for log, group in aws_cloudwatch_log_group.this : log => group.name }
}

output "master_secret_arn" {
  description = "ARN of the secret with the master user: JSON keys username and password."
  value       = aws_secretsmanager_secret.master.arn
}

output "port" {
  description = "Port of the database."
  value       = aws_rds_cluster.this.port
}

output "reader_endpoint" {
  description = "Address of the readers."
  value       = aws_rds_cluster.this.reader_endpoint
}
