resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each = local.broken

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${var.name}: ${each.value.says}."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.below, each.value.above)
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  # A crowd of three must not raise an alarm about the slowest hundredth.
  evaluate_low_sample_count_percentiles = startswith(each.value.statistic, "p") ? "ignore" : null
  period                                = 60
  evaluation_periods                    = each.value.minutes
  datapoints_to_alarm                   = each.value.minutes
  treat_missing_data                    = each.value.missing
  alarm_actions                         = [var.alarm_topic_arn]
  ok_actions                            = [var.alarm_topic_arn]

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_cloudwatch_metric_alarm" "expression" {
  for_each = local.expressions

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${var.name}: ${each.value.says}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  evaluation_periods  = each.value.minutes
  datapoints_to_alarm = each.value.minutes
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  metric_query {
    id          = "result"
    expression  = each.value.expression
    label       = each.value.says
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        period      = 60
        stat        = metric_query.value.statistic
      }
    }
  }

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_cloudwatch_metric_alarm" "cache" {
  for_each = { for name, alarm in local.per_cache_node : name => alarm if alarm.above != null }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${var.name}: the cache node ${each.value.node} ${each.value.says}."
  namespace           = "AWS/ElastiCache"
  metric_name         = each.value.metric
  dimensions          = { CacheClusterId = each.value.node }
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = each.value.minutes
  datapoints_to_alarm = each.value.minutes
  treat_missing_data  = "missing"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  tags = { Name = "${var.name}-${each.key}" }
}

# The role of a node (1 primary, 0 replica) differs within five minutes only around a fail-over.
resource "aws_cloudwatch_metric_alarm" "cache_failover" {
  for_each = { for name, alarm in local.per_cache_node : name => alarm if alarm.above == null }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${var.name}: the cache node ${each.value.node} ${each.value.says}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  metric_query {
    id          = "changed"
    expression  = "most - least"
    label       = each.value.says
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { least = "Minimum", most = "Maximum" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ElastiCache"
        metric_name = each.value.metric
        dimensions  = { CacheClusterId = each.value.node }
        period      = 300
        stat        = metric_query.value
      }
    }
  }

  tags = { Name = "${var.name}-${each.key}" }
}
