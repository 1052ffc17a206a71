resource "aws_lb" "this" {
  #checkov:skip=CKV2_AWS_20:With a certificate port 80 redirects. Without one, which only dev may, the promised `curl http://…/health` has to work.
  #checkov:skip=CKV2_AWS_28:The web ACL stands at CloudFront; in prod nothing else can reach this load balancer.
  #checkov:skip=CKV_AWS_150:Deletion protection is a variable: on in prod, off where an environment is made to be destroyed.
  name               = var.name
  internal           = var.internal
  load_balancer_type = "application"
  security_groups    = [var.alb_security_group_id]
  subnets            = var.internal ? var.private_subnet_ids : var.public_subnet_ids

  client_keep_alive                           = 3600
  desync_mitigation_mode                      = "defensive"
  drop_invalid_header_fields                  = true
  enable_cross_zone_load_balancing            = true
  enable_deletion_protection                  = var.alb_deletion_protection
  enable_http2                                = true
  enable_tls_version_and_cipher_suite_headers = false
  enable_waf_fail_open                        = false
  # Below the 75 s for which the API keeps an idle connection: the load balancer must be the one that closes it.
  idle_timeout               = 60
  xff_header_processing_mode = "append"

  dynamic "access_logs" {
    for_each = var.logs_bucket == null ? [] : [var.logs_bucket]

    content {
      bucket  = access_logs.value
      enabled = true
      prefix  = "alb"
    }
  }

  # Which connections were cut, and when: the proof that scaling in cuts no purchase.
  dynamic "connection_logs" {
    for_each = var.logs_bucket == null ? [] : [var.logs_bucket]

    content {
      bucket  = connection_logs.value
      enabled = true
      prefix  = "alb"
    }
  }

  dynamic "minimum_load_balancer_capacity" {
    for_each = var.alb_reserved_lcus == 0 ? [] : [var.alb_reserved_lcus]

    content {
      capacity_units = minimum_load_balancer_capacity.value
    }
  }

  tags = { Name = var.name }
}

resource "aws_lb_target_group" "this" {
  name                          = var.name
  port                          = var.app_port
  protocol                      = local.protocol
  protocol_version              = "HTTP1"
  target_type                   = "instance"
  vpc_id                        = var.vpc_id
  deregistration_delay          = var.drain_seconds
  load_balancing_algorithm_type = "least_outstanding_requests"

  health_check {
    enabled             = true
    healthy_threshold   = 2
    interval            = 10
    matcher             = "200"
    path                = local.health_path
    port                = "traffic-port"
    protocol            = local.protocol
    timeout             = 5
    unhealthy_threshold = 3
  }

  tags = { Name = var.name }
}

resource "aws_lb_listener" "http" {
  #checkov:skip=CKV_AWS_2:Redirects to HTTPS wherever there is a certificate; without one only dev runs.
  #checkov:skip=CKV_AWS_103:No TLS on port 80.
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = var.enable_alb_https ? "redirect" : "forward"
    target_group_arn = var.enable_alb_https ? null : aws_lb_target_group.this.arn

    dynamic "redirect" {
      for_each = var.enable_alb_https ? ["443"] : []

      content {
        port        = redirect.value
        protocol    = "HTTPS"
        status_code = "HTTP_301"
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  count = var.enable_alb_https ? 1 : 0

  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = var.certificate_arn
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}
