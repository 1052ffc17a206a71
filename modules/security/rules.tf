locals {
  public_ports = var.alb_ingress == "public" ? { http = 80, https = 443 } : {}
  smtp_ports   = var.allow_smtp ? { smtps = 465, submission = 587 } : {}
}

# --- load balancer

resource "aws_vpc_security_group_ingress_rule" "alb_public" {
  for_each = local.public_ports

  cidr_ipv4         = "0.0.0.0/0"
  description       = "${upper(each.key)} from everybody"
  from_port         = each.value
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.alb.id
  to_port           = each.value
}

data "aws_ec2_managed_prefix_list" "cloudfront" {
  count = var.alb_ingress == "cloudfront" ? 1 : 0

  name = "com.amazonaws.global.cloudfront.origin-facing"
}

# One port only: the list counts as 55 of the 60 rules that a group may have.
resource "aws_vpc_security_group_ingress_rule" "alb_cloudfront" {
  count = var.alb_ingress == "cloudfront" ? 1 : 0

  description       = "From the origin-facing servers of CloudFront"
  from_port         = var.origin_https ? 443 : 80
  ip_protocol       = "tcp"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront[0].id
  security_group_id = aws_security_group.alb.id
  to_port           = var.origin_https ? 443 : 80
}

resource "aws_vpc_security_group_egress_rule" "alb_app" {
  description                  = "To the application"
  from_port                    = var.app_port
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.app.id
  security_group_id            = aws_security_group.alb.id
  to_port                      = var.app_port
}

# --- application

resource "aws_vpc_security_group_ingress_rule" "app_alb" {
  description                  = "From the load balancer"
  from_port                    = var.app_port
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.alb.id
  security_group_id            = aws_security_group.app.id
  to_port                      = var.app_port
}

resource "aws_vpc_security_group_ingress_rule" "app_peer" {
  for_each = var.peer_ports

  description                  = "From its own kind: ${each.key}"
  from_port                    = each.value
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.app.id
  security_group_id            = aws_security_group.app.id
  to_port                      = each.value
}

resource "aws_vpc_security_group_egress_rule" "app_peer" {
  for_each = var.peer_ports

  description                  = "To its own kind: ${each.key}"
  from_port                    = each.value
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.app.id
  security_group_id            = aws_security_group.app.id
  to_port                      = each.value
}

resource "aws_vpc_security_group_egress_rule" "app_database" {
  description                  = "To Aurora"
  from_port                    = var.database_port
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.database.id
  security_group_id            = aws_security_group.app.id
  to_port                      = var.database_port
}

resource "aws_vpc_security_group_egress_rule" "app_cache" {
  description                  = "To Redis"
  from_port                    = var.cache_port
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.cache.id
  security_group_id            = aws_security_group.app.id
  to_port                      = var.cache_port
}

resource "aws_vpc_security_group_egress_rule" "app_https" {
  cidr_ipv4         = var.internet_egress ? "0.0.0.0/0" : var.vpc_cidr
  description       = var.internet_egress ? "HTTPS to AWS and to the payment provider" : "HTTPS to interface endpoints"
  from_port         = 443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.app.id
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "app_s3" {
  count = var.internet_egress ? 0 : 1

  description       = "HTTPS to S3 through its gateway endpoint"
  from_port         = 443
  ip_protocol       = "tcp"
  prefix_list_id    = var.s3_prefix_list_id
  security_group_id = aws_security_group.app.id
  to_port           = 443

  lifecycle {
    precondition {
      condition     = var.s3_prefix_list_id != null
      error_message = "s3_prefix_list_id must be given when internet_egress is false: images and packages come from S3."
    }
  }
}

resource "aws_vpc_security_group_egress_rule" "app_smtp" {
  for_each = local.smtp_ports

  cidr_ipv4         = "0.0.0.0/0"
  description       = "Mail: ${each.key}"
  from_port         = each.value
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.app.id
  to_port           = each.value
}

# --- stores: in from the application, and no rule out

resource "aws_vpc_security_group_ingress_rule" "database_app" {
  description                  = "From the application"
  from_port                    = var.database_port
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.app.id
  security_group_id            = aws_security_group.database.id
  to_port                      = var.database_port
}

resource "aws_vpc_security_group_ingress_rule" "cache_app" {
  description                  = "From the application"
  from_port                    = var.cache_port
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.app.id
  security_group_id            = aws_security_group.cache.id
  to_port                      = var.cache_port
}
