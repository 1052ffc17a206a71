output "app_secret_arn" {
  description = "ARN of the secret with JSON keys PAYMENT_SECRET and MAIL_URL."
  value       = aws_secretsmanager_secret.app.arn
  depends_on  = [aws_secretsmanager_secret_version.app]
}

output "deploy_role_arn" {
  description = "ARN of the role that GitHub Actions release with, or null."
  value       = one(aws_iam_role.deploy[*].arn)
}

# Nobody may start with the profile before the role may do anything.
output "instance_profile_name" {
  description = "Name of the instance profile."
  value       = aws_iam_instance_profile.this.name
  depends_on  = [aws_iam_role_policy.instance]
}

output "instance_role_arn" {
  description = "ARN of the instances' role."
  value       = aws_iam_role.instance.arn
}

output "keys_secret_arn" {
  description = "ARN of the secret with JSON keys SIGNING_KEYS and TICKET_SEED."
  value       = aws_secretsmanager_secret.keys.arn
  depends_on  = [aws_secretsmanager_secret_version.keys]
}
