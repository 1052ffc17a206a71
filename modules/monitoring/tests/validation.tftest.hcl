# Every value that a variable's validation is there to refuse.
mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  alarm_topic_arn             = "arn:aws:sns:ap-northeast-2:123456789012:alerts"
  alb_arn_suffix              = "app/x/1"
  asg_max_size                = 20
  asg_min_size                = 2
  asg_name                    = "ticketing-dev-web"
  aws_region                  = "ap-northeast-2"
  cache_replication_group_id  = "ticketing-dev"
  database_cluster_identifier = "ticketing-dev"
  dead_letter_name            = "dead"
  name                        = "ticketing-dev"
  queue_name                  = "orders"
  target_group_arn_suffix     = "targetgroup/x/1"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    cache_node_count         = 0
    cpu_percent              = 5
    database_max_connections = 1
    error_percent            = 0
    latency_ms               = 0
    log_retention_days       = 31
    name                     = "Ticketing"
    namespace                = "AWS/EC2"
    queue_age_seconds        = 1
    trace_percent            = 101
  }

  expect_failures = [
    var.cache_node_count,
    var.cpu_percent,
    var.database_max_connections,
    var.error_percent,
    var.latency_ms,
    var.log_retention_days,
    var.name,
    var.namespace,
    var.queue_age_seconds,
    var.trace_percent,
  ]
}
