output "alb_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "alb_arn_suffix" {
  description = "The load balancer as CloudWatch names it."
  value       = aws_lb.this.arn_suffix
}

output "alb_dns_name" {
  description = "Address of the load balancer."
  value       = aws_lb.this.dns_name
}

output "alb_zone_id" {
  description = "Hosted zone id of the load balancer, for alias records."
  value       = aws_lb.this.zone_id
}

output "asg_name" {
  description = "Auto Scaling group."
  value       = aws_autoscaling_group.this.name
}

output "ecr_repository_arn" {
  description = "ARN of the image repository."
  value       = aws_ecr_repository.this.arn
}

output "ecr_repository_url" {
  description = "Image repository to push to."
  value       = aws_ecr_repository.this.repository_url
}

output "image_platform" {
  description = "Platform that the image must be built for: linux/amd64 or linux/arm64."
  value       = local.platform
}

output "image_uri" {
  description = "Image that instances run, by digest."
  value       = local.image_uri
}

output "launch_template_id" {
  description = "Launch template of the instances."
  value       = aws_launch_template.this.id
}

output "payment_sandbox_instance_id" {
  description = "Instance of the sandbox payment provider; null where a real one is used."
  value       = one(aws_instance.payment_sandbox[*].id)
}

output "payment_url" {
  description = "Address of the payment provider that the application uses."
  value       = local.payment_url
}

output "target_group_arn" {
  description = "ARN of the target group."
  value       = aws_lb_target_group.this.arn
}

output "target_group_arn_suffix" {
  description = "The target group as CloudWatch names it."
  value       = aws_lb_target_group.this.arn_suffix
}

output "user_data" {
  description = "First-boot script of the instances. It holds no secret, only the names of them."
  value       = local.user_data
}
