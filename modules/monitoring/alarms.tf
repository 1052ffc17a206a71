# One table of alarms, two shapes: a metric, or an expression over several. Each tells the topic when it begins and ends.
locals {
  target   = { LoadBalancer = var.alb_arn_suffix, TargetGroup = var.target_group_arn_suffix }
  ours     = { environment = var.name }
  asg      = { AutoScalingGroupName = var.asg_name }
  aurora   = { DBClusterIdentifier = var.database_cluster_identifier }
  dlq      = { QueueName = var.dead_letter_name }
  queue    = { QueueName = var.queue_name }
  min_name = "GroupInServiceInstances"

  cache_nodes = length(var.cache_member_clusters) > 0 ? var.cache_member_clusters : [
    for number in range(1, var.cache_node_count + 1) : format("%s-%03d", var.cache_replication_group_id, number)
  ]

  # missing: what no data means. A counter that nobody counted is fine; a machine that tells nothing is not.
  broken = {
    alb-p99       = { namespace = "AWS/ApplicationELB", metric = "TargetResponseTime", dimensions = local.target, statistic = "p99", above = var.latency_ms / 1000, minutes = 5, missing = "notBreaching", says = "p99 of the answer time is over ${var.latency_ms} ms" }
    unhealthy     = { namespace = "AWS/ApplicationELB", metric = "UnHealthyHostCount", dimensions = local.target, statistic = "Maximum", above = 0, minutes = 5, missing = "notBreaching", says = "an instance fails its health check" }
    alb-rejected  = { namespace = "AWS/ApplicationELB", metric = "RejectedConnectionCount", dimensions = { LoadBalancer = var.alb_arn_suffix }, statistic = "Sum", above = 0, minutes = 1, missing = "notBreaching", says = "the load balancer turns connections away: reserve capacity (alb_reserved_lcus)" }
    cpu           = { namespace = "AWS/EC2", metric = "CPUUtilization", dimensions = local.asg, statistic = "Average", above = var.cpu_percent, minutes = 5, missing = "missing", says = "the instances are over ${var.cpu_percent} % CPU although the group may grow" }
    memory        = { namespace = var.namespace, metric = "mem_used_percent", dimensions = local.asg, statistic = "Maximum", above = 90, minutes = 5, missing = "missing", says = "an instance has less than a tenth of its memory left" }
    disk          = { namespace = var.namespace, metric = "disk_used_percent", dimensions = local.asg, statistic = "Maximum", above = 85, minutes = 5, missing = "missing", says = "an instance's disk is over 85 % full" }
    asg-at-max    = { namespace = "AWS/AutoScaling", metric = "GroupDesiredCapacity", dimensions = local.asg, statistic = "Maximum", above = var.asg_max_size - 1, minutes = 10, missing = "notBreaching", says = "the group wants all ${var.asg_max_size} instances: it cannot grow further" }
    dead-letters  = { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = local.dlq, statistic = "Maximum", above = 0, minutes = 1, missing = "notBreaching", says = "an order failed ten times: `ticketing fsck` says why, `fsck --fix --revive` sends it again" }
    queue-age     = { namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = local.queue, statistic = "Maximum", above = var.queue_age_seconds, minutes = 2, missing = "notBreaching", says = "an accepted order has waited over ${var.queue_age_seconds} s for a worker" }
    aurora-cpu    = { namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = local.aurora, statistic = "Maximum", above = var.cpu_percent, minutes = 5, missing = "missing", says = "the database is over ${var.cpu_percent} % CPU" }
    aurora-conns  = { namespace = "AWS/RDS", metric = "DatabaseConnections", dimensions = local.aurora, statistic = "Maximum", above = var.database_max_connections, minutes = 5, missing = "missing", says = "the database has over ${var.database_max_connections} connections" }
    aurora-memory = { namespace = "AWS/RDS", metric = "FreeableMemory", dimensions = local.aurora, statistic = "Minimum", below = 268435456, minutes = 5, missing = "missing", says = "the database has less than 256 MB of memory left" }
    aurora-lag    = { namespace = "AWS/RDS", metric = "AuroraReplicaLagMaximum", dimensions = local.aurora, statistic = "Maximum", above = 1000, minutes = 5, missing = "notBreaching", says = "the reader is over a second behind: a fail-over would take longer" }
    aurora-locked = { namespace = "AWS/RDS", metric = "Deadlocks", dimensions = local.aurora, statistic = "Average", above = 1, minutes = 5, missing = "notBreaching", says = "transactions deadlock more than once a second" }
    log-errors    = { namespace = var.namespace, metric = "${var.name}.log.errors", dimensions = {}, statistic = "Sum", above = 10, minutes = 5, missing = "notBreaching", says = "the application logs errors, more than ten a minute" }
    boot-failures = { namespace = var.namespace, metric = "${var.name}.boot.failures", dimensions = {}, statistic = "Sum", above = 0, minutes = 1, missing = "notBreaching", says = "an instance failed to boot: read the log group /${var.name}/boot" }
    hold-latency  = { namespace = var.namespace, metric = "holds.latency", dimensions = local.ours, statistic = "p99", above = var.latency_ms, minutes = 5, missing = "notBreaching", says = "p99 of holding seats is over ${var.latency_ms} ms" }
    refusals      = { namespace = var.namespace, metric = "payments.refused", dimensions = local.ours, statistic = "Sum", above = 50, minutes = 5, missing = "notBreaching", says = "the payment provider refuses more than fifty a minute" }
    outbox-age    = { namespace = var.namespace, metric = "outbox.oldest_age", dimensions = local.ours, statistic = "Maximum", above = 120, minutes = 5, missing = "notBreaching", says = "a follow-up (money, ticket, mail) has been due for two minutes" }
  }

  per_cache_node = merge([
    for node in local.cache_nodes : {
      "${node}-cpu"       = { metric = "EngineCPUUtilization", node = node, statistic = "Maximum", above = var.cpu_percent, minutes = 5, says = "is over ${var.cpu_percent} % of its one core" }
      "${node}-memory"    = { metric = "DatabaseMemoryUsagePercentage", node = node, statistic = "Maximum", above = 75, minutes = 5, says = "is over 75 % full: with noeviction a full cache refuses new holds" }
      "${node}-evictions" = { metric = "Evictions", node = node, statistic = "Sum", above = 0, minutes = 1, says = "evicts keys, which noeviction should forbid: holds may be lost" }
      # A replica that has just been promoted, or a primary that was replaced, begins as nobody's replica.
      "${node}-failover" = { metric = "IsMaster", node = node, statistic = "Average", above = null, minutes = 1, says = "changed its role: there was a fail-over" }
    }
  ]...)

  # Is anything moving? Nothing is broken, and still nobody gets on.
  expressions = {
    alb-5xx = {
      above   = var.error_percent
      minutes = 3
      missing = "notBreaching"
      says    = "more than ${var.error_percent} % of all answers are 5xx"
      # Below a hundred requests a minute one error would be several percent.
      expression = "IF(all >= 100, 100 * (FILL(target, 0) + FILL(own, 0)) / all, IF(FILL(target, 0) + FILL(own, 0) > 5, 100, 0))"
      metrics = {
        all    = { namespace = "AWS/ApplicationELB", metric = "RequestCount", dimensions = { LoadBalancer = var.alb_arn_suffix }, statistic = "Sum" }
        own    = { namespace = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", dimensions = { LoadBalancer = var.alb_arn_suffix }, statistic = "Sum" }
        target = { namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", dimensions = { LoadBalancer = var.alb_arn_suffix }, statistic = "Sum" }
      }
    }
    stalled-site = {
      above      = 0
      minutes    = 3
      missing    = "notBreaching"
      says       = "people come, and not one request in a minute is answered with success"
      expression = "IF(FILL(all, 0) > 10 AND FILL(good, 0) < 1, 1, 0)"
      metrics = {
        all  = { namespace = "AWS/ApplicationELB", metric = "RequestCount", dimensions = { LoadBalancer = var.alb_arn_suffix }, statistic = "Sum" }
        good = { namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_2XX_Count", dimensions = { LoadBalancer = var.alb_arn_suffix }, statistic = "Sum" }
      }
    }
    stalled-orders = {
      above      = 0
      minutes    = 3
      missing    = "notBreaching"
      says       = "orders wait in the queue and no worker finishes any"
      expression = "IF(FILL(waiting, 0) > 0 AND FILL(done, 0) < 1, 1, 0)"
      metrics = {
        done    = { namespace = "AWS/SQS", metric = "NumberOfMessagesDeleted", dimensions = local.queue, statistic = "Sum" }
        waiting = { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = local.queue, statistic = "Maximum" }
      }
    }
    stalled-line = {
      above      = 0
      minutes    = 5
      missing    = "notBreaching"
      says       = "people wait in an open line, seats are free, and nobody is admitted: is the line paused?"
      expression = "IF(FILL(callable, 0) > 0 AND FILL(admitted, 0) < 1, 1, 0)"
      metrics = {
        admitted = { namespace = var.namespace, metric = "queue.admitted", dimensions = local.ours, statistic = "Sum" }
        callable = { namespace = var.namespace, metric = "queue.callable", dimensions = local.ours, statistic = "Minimum" }
      }
    }
    stalled-sale = {
      above      = 0
      minutes    = 10
      missing    = "notBreaching"
      says       = "seats are held and not one more is sold: does the payment provider answer?"
      expression = "IF(FILL(held, 0) > 20 AND FILL(sold, 0) - FILL(before, 0) < 1, 1, 0)"
      metrics = {
        before = { namespace = var.namespace, metric = "seats.sold", dimensions = local.ours, statistic = "Minimum" }
        held   = { namespace = var.namespace, metric = "seats.held", dimensions = local.ours, statistic = "Minimum" }
        sold   = { namespace = var.namespace, metric = "seats.sold", dimensions = local.ours, statistic = "Maximum" }
      }
    }
    # The two above read what one worker tells, and no figure looks like nobody waiting. It tells 0 where nothing is on
    # sale, so that silence is never idleness.
    silent-leader = {
      above      = 0
      minutes    = 5
      missing    = "breaching"
      says       = "no worker tells how lines and seats stand: is one running and leading? Until then stalled-line and stalled-sale are blind"
      expression = "IF(FILL(line, 0) < 1 OR FILL(seats, 0) < 1, 1, 0)"
      metrics = {
        line  = { namespace = var.namespace, metric = "queue.callable", dimensions = local.ours, statistic = "SampleCount" }
        seats = { namespace = var.namespace, metric = "seats.held", dimensions = local.ours, statistic = "SampleCount" }
      }
    }
    too-few-instances = {
      above      = 0
      minutes    = 5
      missing    = "breaching"
      says       = "fewer than ${var.asg_min_size} instances are in service"
      expression = "IF(FILL(running, 0) < ${var.asg_min_size}, 1, 0)"
      metrics = {
        running = { namespace = "AWS/AutoScaling", metric = local.min_name, dimensions = local.asg, statistic = "Minimum" }
      }
    }
    silent-telemetry = {
      above      = 0
      minutes    = 10
      missing    = "breaching"
      says       = "instances run and their collector says nothing: other alarms may be blind"
      expression = "IF(FILL(heard, 0) < 1, 1, 0)"
      metrics = {
        heard = { namespace = var.namespace, metric = "mem_used_percent", dimensions = local.asg, statistic = "SampleCount" }
      }
    }
  }
}
