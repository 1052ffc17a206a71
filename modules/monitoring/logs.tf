locals {
  log_groups = {
    application = "One JSON line per event of api, worker and migrate"
    boot        = "/var/log/user-data.log of each instance"
    metrics     = "The application's metrics in embedded metric format"
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:A year of application logs costs more than it tells in dev; the days are a variable, and prod sets them.
  for_each = local.log_groups

  name              = "/${var.name}/${each.key}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days

  tags = { Name = "${var.name}-${each.key}" }
}

# Errors in the log become a number, so that they can alarm before the telemetry of the application itself does.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${var.name}-errors"
  log_group_name = aws_cloudwatch_log_group.this["application"].name
  pattern        = "{ $.level = \"error\" || $.level = \"critical\" }"

  metric_transformation {
    name          = "${var.name}.log.errors"
    namespace     = var.namespace
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_log_metric_filter" "boot_failures" {
  name           = "${var.name}-boot-failures"
  log_group_name = aws_cloudwatch_log_group.this["boot"].name
  pattern        = "\"FAILED in line\""

  metric_transformation {
    name          = "${var.name}.boot.failures"
    namespace     = var.namespace
    value         = "1"
    default_value = "0"
  }
}
