output "bucket" {
  description = "Bucket of the state."
  value       = aws_s3_bucket.this.id
}

output "kms_key_arn" {
  description = "Key that the state is encrypted with."
  value       = aws_kms_key.this.arn
}
