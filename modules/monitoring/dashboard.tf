locals {
  # Names in the code, on the dashboard and in the alarms are the same. Each with what it can be split by: one metric
  # costs as many times as its dimensions have values, so nothing here is split by person or by seat.
  metric_names = {
    line     = ["queue.line_length", "queue.callable", "queue.serving", "queue.admitted", "queue.cap_utilisation"]
    seats    = ["holds.created", "holds.latency", "seats.free", "seats.held", "seats.sold"]
    orders   = ["orders.state", "orders.queue_age", "orders.dead_letters", "outbox.oldest_age"]
    payments = ["payments.latency", "payments.refused", "refunds.made"]
  }

  declarations = [
    { names = ["^orders\\.state$"], dimensions = [["environment"], ["environment", "state"]] },
    { names = ["^(${join("|", [for name in flatten(values(local.metric_names)) : replace(name, ".", "\\.") if name != "orders.state"])})$"], dimensions = [["environment"]] },
  ]

  collector_config = templatefile("${path.module}/templates/collector.yaml.tftpl", {
    declarations = local.declarations
    log_group    = aws_cloudwatch_log_group.this["metrics"].name
    name         = var.name
    namespace    = var.namespace
    region       = var.aws_region
  })

  alb = var.alb_arn_suffix

  # Title → the metrics of one picture: [namespace, metric, dimension, value, …, {stat}].
  pictures = concat([
    { title = "Line: length, callable, serving", metrics = [for metric in ["queue.line_length", "queue.callable", "queue.serving"] : [var.namespace, metric, "environment", var.name, { stat = "Maximum" }]] },
    { title = "Line: admitted, use of the cap", metrics = [[var.namespace, "queue.admitted", "environment", var.name, { stat = "Sum" }], [var.namespace, "queue.cap_utilisation", "environment", var.name, { stat = "Average", yAxis = "right" }]] },
    { title = "Seats: free, held, sold", metrics = [for metric in ["seats.free", "seats.held", "seats.sold"] : [var.namespace, metric, "environment", var.name, { stat = "Maximum" }]] },
    { title = "Holds: number, p99 ms", metrics = [[var.namespace, "holds.created", "environment", var.name, { stat = "Sum" }], [var.namespace, "holds.latency", "environment", var.name, { stat = "p99", yAxis = "right" }]] },
    { title = "Orders by state", metrics = [for state in ["placed", "reserved", "paid", "ticketed", "refused", "declined", "expired", "cancelled", "refunded"] : [var.namespace, "orders.state", "environment", var.name, "state", state, { stat = "Maximum" }]] },
    { title = "Queue: waiting, oldest s, dead", metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.queue_name, { stat = "Maximum" }], ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_name, { stat = "Maximum", yAxis = "right" }], ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dead_letter_name, { stat = "Maximum" }]] },
    { title = "Payments: p99 ms, refused, refunds", metrics = [[var.namespace, "payments.latency", "environment", var.name, { stat = "p99" }], [var.namespace, "payments.refused", "environment", var.name, { stat = "Sum", yAxis = "right" }], [var.namespace, "refunds.made", "environment", var.name, { stat = "Sum", yAxis = "right" }]] },
    { title = "Oldest: outbox s, order s; dead letters", metrics = [for metric in ["outbox.oldest_age", "orders.queue_age", "orders.dead_letters"] : [var.namespace, metric, "environment", var.name, { stat = "Maximum" }]] },
    { title = "Requests, 5xx", metrics = [["AWS/ApplicationELB", "RequestCount", "LoadBalancer", local.alb, { stat = "Sum" }], ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", local.alb, { stat = "Sum", yAxis = "right" }], ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", local.alb, { stat = "Sum", yAxis = "right" }]] },
    { title = "Answer time, s: p50, p99", metrics = [for stat in ["p50", "p99"] : ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", local.alb, { stat = stat }]] },
    { title = "Instances: wanted, in service", metrics = [for metric in ["GroupDesiredCapacity", "GroupInServiceInstances"] : ["AWS/AutoScaling", metric, "AutoScalingGroupName", var.asg_name, { stat = "Maximum" }]] },
    { title = "Instances: CPU %, memory %", metrics = [["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", var.asg_name, { stat = "Average" }], [var.namespace, "mem_used_percent", "AutoScalingGroupName", var.asg_name, { stat = "Maximum" }]] },
    { title = "Aurora: CPU %, connections", metrics = [["AWS/RDS", "CPUUtilization", "DBClusterIdentifier", var.database_cluster_identifier, { stat = "Maximum" }], ["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", var.database_cluster_identifier, { stat = "Maximum", yAxis = "right" }]] },
    { title = "Cache: engine CPU %, memory %", metrics = flatten([for node in local.cache_nodes : [for metric in ["EngineCPUUtilization", "DatabaseMemoryUsagePercentage"] : { value = ["AWS/ElastiCache", metric, "CacheClusterId", node, { stat = "Maximum" }] }]])[*].value },
    ], var.distribution_id == null ? [] : [
    { title = "CloudFront: requests, 5xx %", metrics = [["AWS/CloudFront", "Requests", "DistributionId", var.distribution_id, "Region", "Global", { stat = "Sum", region = "us-east-1" }], ["AWS/CloudFront", "5xxErrorRate", "DistributionId", var.distribution_id, "Region", "Global", { stat = "Average", region = "us-east-1", yAxis = "right" }]] },
  ])
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [for index, picture in local.pictures : {
        type   = "metric"
        x      = index % 3 * 8
        y      = floor(index / 3) * 6
        width  = 8
        height = 6
        properties = {
          title   = picture.title
          region  = var.aws_region
          period  = 60
          view    = "timeSeries"
          metrics = picture.metrics
        }
      }],
      [{
        type       = "alarm"
        x          = 0
        y          = ceil(length(local.pictures) / 3) * 6
        width      = 24
        height     = 4
        properties = { title = "Alarms", alarms = local.alarm_arns }
      }],
    )
  })
}
