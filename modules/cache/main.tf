locals {
  failover               = var.redis_num_nodes >= 2
  logs                   = toset(["engine-log", "slow-log"])
  parameter_group_family = coalesce(var.parameter_group_family, "${var.engine}${split(".", var.engine_version)[0]}")
}

resource "aws_elasticache_subnet_group" "this" {
  description = "Database subnets of ${var.name}"
  name        = var.name
  subnet_ids  = var.subnet_ids
}

resource "aws_elasticache_parameter_group" "this" {
  description = "Parameters of ${var.name}: nothing is ever evicted"
  family      = local.parameter_group_family
  name        = "${var.name}-${local.parameter_group_family}"

  # A hold that is evicted is a seat sold twice as far as the buyer can see: full memory must be an error, and an alarm.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }

  # Room for the copy that a snapshot or a new replica needs.
  parameter {
    name  = "reserved-memory-percent"
    value = "25"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.logs

  kms_key_id        = var.logs_kms_key_arn
  name              = "/${var.name}/${var.engine}/${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_elasticache_replication_group" "this" {
  apply_immediately          = var.apply_immediately
  at_rest_encryption_enabled = true
  auto_minor_version_upgrade = true
  automatic_failover_enabled = local.failover
  description                = "Line, holds and caches of ${var.name}"
  engine                     = var.engine
  engine_version             = var.engine_version
  kms_key_id                 = var.kms_key_arn
  maintenance_window         = var.maintenance_window
  multi_az_enabled           = coalesce(var.multi_az, local.failover)
  node_type                  = var.node_type
  num_cache_clusters         = var.redis_num_nodes
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  port                       = var.port
  replication_group_id       = var.name
  security_group_ids         = var.security_group_ids
  snapshot_retention_limit   = var.snapshot_retention_days
  snapshot_window            = var.snapshot_retention_days == 0 ? null : var.snapshot_window
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  transit_encryption_enabled = true
  user_group_ids             = [aws_elasticache_user_group.this.id]

  dynamic "log_delivery_configuration" {
    for_each = local.logs

    content {
      destination      = aws_cloudwatch_log_group.this[log_delivery_configuration.key].name
      destination_type = "cloudwatch-logs"
      log_format       = "json"
      log_type         = log_delivery_configuration.key
    }
  }
}
