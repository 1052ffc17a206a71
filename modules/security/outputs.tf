output "alb_security_group_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.alb.id
}

output "app_security_group_id" {
  description = "Security group of the application's instances."
  value       = aws_security_group.app.id
}

output "cache_security_group_id" {
  description = "Security group of Redis."
  value       = aws_security_group.cache.id
}

output "database_security_group_id" {
  description = "Security group of Aurora."
  value       = aws_security_group.database.id
}
