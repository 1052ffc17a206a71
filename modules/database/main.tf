locals {
  cluster_identifier     = "${var.name}-aurora"
  engine                 = "aurora-mysql"
  parameter_group_family = coalesce(var.parameter_group_family, "aurora-mysql${join(".", slice(split(".", var.engine_version), 0, 2))}")

  # Performance Insights does not exist for burstable classes of Aurora MySQL.
  performance_insights = !startswith(var.instance_class, "db.t")
}

resource "aws_db_subnet_group" "this" {
  description = "Database subnets of ${var.name}"
  name        = var.name
  subnet_ids  = var.subnet_ids
}

resource "aws_rds_cluster_parameter_group" "this" {
  description = "What the application relies on: READ COMMITTED, TLS, UTC, utf8mb4"
  family      = local.parameter_group_family
  name_prefix = "${var.name}-"

  dynamic "parameter" {
    for_each = local.parameters

    content {
      apply_method = parameter.value.apply_method
      name         = parameter.key
      value        = parameter.value.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["audit", "error", "slowquery"])

  kms_key_id        = var.logs_kms_key_arn
  name              = "/aws/rds/cluster/${local.cluster_identifier}/${each.key}"
  retention_in_days = var.log_retention_days
}

# Its id makes the name of the last snapshot unlike that of a cluster of the same name that was destroyed before.
resource "terraform_data" "cluster" {
  # A cluster that is restored from another snapshot is another cluster: its last snapshot needs another name.
  triggers_replace = [var.snapshot_identifier]
}

resource "aws_rds_cluster" "this" {
  #checkov:skip=CKV_AWS_326:Backtracking turns the books back in place, money included; a restore to any second beside them does not
  #checkov:skip=CKV2_AWS_8:Aurora backs itself up continuously, for backup_retention_days
  apply_immediately                   = var.apply_immediately
  backup_retention_period             = var.backup_retention_days
  cluster_identifier                  = local.cluster_identifier
  copy_tags_to_snapshot               = true
  database_name                       = var.database_name
  db_cluster_parameter_group_name     = aws_rds_cluster_parameter_group.this.name
  db_subnet_group_name                = aws_db_subnet_group.this.name
  deletion_protection                 = var.deletion_protection
  enabled_cloudwatch_logs_exports     = ["audit", "error", "slowquery"]
  engine                              = local.engine
  engine_version                      = var.engine_version
  final_snapshot_identifier           = var.skip_final_snapshot ? null : "${local.cluster_identifier}-${substr(terraform_data.cluster.id, 0, 8)}"
  iam_database_authentication_enabled = true
  kms_key_id                          = var.kms_key_arn
  master_password_wo                  = local.master.password
  master_password_wo_version          = var.db_password_version
  master_username                     = var.master_username
  port                                = var.port
  preferred_backup_window             = var.backup_window
  preferred_maintenance_window        = var.maintenance_window
  skip_final_snapshot                 = var.skip_final_snapshot
  snapshot_identifier                 = var.snapshot_identifier
  storage_encrypted                   = true
  vpc_security_group_ids              = var.security_group_ids

  depends_on = [aws_cloudwatch_log_group.this]
}

# Which of them writes is Aurora's business: the endpoints follow. The version is the cluster's, so that an upgrade does
# not replace instances.
resource "aws_rds_cluster_instance" "this" {
  #checkov:skip=CKV_AWS_353:On wherever the class has it; burstable classes of Aurora MySQL do not
  #checkov:skip=CKV_AWS_226:The default version is of the long-term support line, which an automatic upgrade would leave
  for_each = toset([for number in range(1, var.instances + 1) : tostring(number)])

  apply_immediately               = var.apply_immediately
  auto_minor_version_upgrade      = false # the default version is long-term support, which an upgrade would leave
  cluster_identifier              = aws_rds_cluster.this.id
  copy_tags_to_snapshot           = true
  db_subnet_group_name            = aws_db_subnet_group.this.name
  engine                          = aws_rds_cluster.this.engine
  engine_version                  = aws_rds_cluster.this.engine_version
  identifier                      = "${local.cluster_identifier}-${each.key}"
  instance_class                  = var.instance_class
  monitoring_interval             = var.monitoring_interval_seconds
  monitoring_role_arn             = one(aws_iam_role.monitoring[*].arn)
  performance_insights_enabled    = local.performance_insights
  performance_insights_kms_key_id = local.performance_insights ? var.kms_key_arn : null
  promotion_tier                  = min(tonumber(each.key) - 1, 15)
  publicly_accessible             = false
}

resource "aws_db_event_subscription" "this" {
  count = var.enable_events ? 1 : 0

  event_categories = ["deletion", "failover", "failure", "global-failover", "maintenance", "notification"]
  name             = "${var.name}-database"
  sns_topic        = var.alerts_topic_arn
  source_ids       = [aws_rds_cluster.this.id]
  source_type      = "db-cluster"

  lifecycle {
    precondition {
      condition     = var.alerts_topic_arn != null
      error_message = "alerts_topic_arn must be given when enable_events is true."
    }
  }
}
