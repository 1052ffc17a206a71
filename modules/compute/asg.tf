locals {
  lifecycle_hook = "${var.name}-drain"
}

resource "aws_autoscaling_group" "this" {
  name                = local.asg_name
  min_size            = var.asg_min_size
  desired_capacity    = var.asg_desired_capacity
  max_size            = var.asg_max_size
  vpc_zone_identifier = var.private_subnet_ids
  target_group_arns   = [aws_lb_target_group.this.arn]

  default_cooldown          = 60
  default_instance_warmup   = var.boot_seconds
  health_check_grace_period = var.boot_seconds * 2
  health_check_type         = "ELB"
  # Nothing keeps state on an instance: none grows old.
  max_instance_lifetime     = 30 * 24 * 3600
  metrics_granularity       = "1Minute"
  termination_policies      = ["OldestLaunchTemplate", "Default"]
  wait_for_capacity_timeout = var.alb_ready_timeout
  wait_for_elb_capacity     = var.alb_ready_timeout == "0" ? null : var.asg_min_size

  enabled_metrics = [
    "GroupDesiredCapacity", "GroupInServiceCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize",
    "GroupPendingInstances", "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances",
  ]

  # Here, and not as a resource of its own: the very first instances must have it already.
  initial_lifecycle_hook {
    name                 = local.lifecycle_hook
    default_result       = "CONTINUE"
    heartbeat_timeout    = local.stop_seconds + 60
    lifecycle_transition = "autoscaling:EC2_INSTANCE_TERMINATING"
  }

  instance_maintenance_policy {
    # A replacement is in service before the one that it replaces is told to go.
    max_healthy_percentage = 125
    min_healthy_percentage = 100
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      auto_rollback                = true
      instance_warmup              = var.boot_seconds
      max_healthy_percentage       = 125
      min_healthy_percentage       = 100
      scale_in_protected_instances = "Refresh"
      standby_instances            = "Terminate"

      dynamic "alarm_specification" {
        for_each = length(var.rollback_alarm_names) == 0 ? [] : [var.rollback_alarm_names]

        content {
          alarms = alarm_specification.value
        }
      }
    }
  }

  launch_template {
    id = aws_launch_template.this.id
    # A number, not $Latest: with that a new version starts no refresh, and none can be rolled back.
    version = aws_launch_template.this.latest_version
  }

  dynamic "tag" {
    for_each = merge(data.aws_default_tags.this.tags, { Name = "${var.name}-web-instance" })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  timeouts {
    delete = "20m"
  }

  lifecycle {
    # Scaling owns it. initial_lifecycle_hook is read at creation only.
    ignore_changes = [desired_capacity, initial_lifecycle_hook]
  }

  # An instance that boots before the load balancer listens counts as unhealthy and is replaced.
  depends_on = [aws_lb_listener.http, aws_lb_listener.https]
}

resource "aws_autoscaling_policy" "cpu" {
  name                      = "${var.name}-cpu"
  autoscaling_group_name    = aws_autoscaling_group.this.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = var.boot_seconds

  target_tracking_configuration {
    target_value = var.cpu_target_percent

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "requests" {
  name                      = "${var.name}-requests"
  autoscaling_group_name    = aws_autoscaling_group.this.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = var.boot_seconds

  target_tracking_configuration {
    target_value = var.requests_per_target

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = "${aws_lb.this.arn_suffix}/${aws_lb_target_group.this.arn_suffix}"
    }
  }
}

# Target tracking answers minutes after a crowd has come; a crowd whose hour is known is met beforehand.
resource "aws_autoscaling_schedule" "on_sale_begin" {
  for_each = toset(var.on_sale_times)

  scheduled_action_name  = "on-sale-${formatdate("YYYYMMDD-hhmm", each.value)}-begin"
  autoscaling_group_name = aws_autoscaling_group.this.name
  start_time             = timeadd(each.value, local.on_sale_lead)
  # The floor rises with the wish, so that nothing scales in again before the doors open.
  min_size         = local.on_sale_capacity
  desired_capacity = local.on_sale_capacity
  max_size         = -1

  lifecycle {
    # A moment that has passed cannot be set again, and need not be.
    ignore_changes = [start_time]
  }
}

resource "aws_autoscaling_schedule" "on_sale_end" {
  for_each = toset(var.on_sale_times)

  scheduled_action_name  = "on-sale-${formatdate("YYYYMMDD-hhmm", each.value)}-end"
  autoscaling_group_name = aws_autoscaling_group.this.name
  start_time             = timeadd(each.value, "${var.on_sale_hold_minutes}m")
  # Only the floor falls: how fast the group shrinks is for target tracking to say.
  min_size         = var.asg_min_size
  desired_capacity = -1
  max_size         = -1

  lifecycle {
    ignore_changes = [start_time]
  }
}

check "on_sale_times_are_ahead" {
  assert {
    condition     = alltrue([for time in var.on_sale_times : timecmp(timeadd(time, local.on_sale_lead), plantimestamp()) > 0])
    error_message = "An on-sale time is past, or so near that instances would not be up in time: take it out of on_sale_times, or set asg_min_size by hand now."
  }
}
