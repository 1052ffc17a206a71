# The password's way: made (or given) → Secrets Manager → read from there → Aurora and the application's URL. All of it
# through ephemeral values and write-only arguments, so that no plan and no state holds it. It is read back because one
# of our making is another at each run: an apply that failed half-way must go on with the one that was stored.

resource "aws_secretsmanager_secret" "master" {
  #checkov:skip=CKV2_AWS_57:Turned over by db_password_version, since instances read it when they start
  description             = "Master user of ${local.cluster_identifier}"
  kms_key_id              = var.kms_key_arn
  name_prefix             = "${var.name}/database-master-"
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "master" {
  secret_id                = aws_secretsmanager_secret.master.id
  secret_string_wo_version = var.db_password_version

  secret_string_wo = jsonencode({
    password = var.db_password != null ? var.db_password : substr(sha256("${uuid()}${uuid()}"), 0, 40) # 160 bits of the system's randomness
    username = var.master_username
  })

  # Instances that start meanwhile must find one or the other.
  lifecycle {
    create_before_destroy = true
  }
}

ephemeral "aws_secretsmanager_secret_version" "master" {
  secret_id  = aws_secretsmanager_secret_version.master.secret_id
  version_id = aws_secretsmanager_secret_version.master.version_id
}

locals {
  master = jsondecode(ephemeral.aws_secretsmanager_secret_version.master.secret_string)

  url_end = "?charset=utf8mb4&ssl_ca=${var.app_ssl_ca}"
  url     = "${aws_rds_cluster.this.endpoint}:${var.port}/${var.database_name}${local.url_end}"
  reader  = "${aws_rds_cluster.this.reader_endpoint}:${var.port}/${var.database_name}${local.url_end}"
}

resource "aws_secretsmanager_secret" "app" {
  #checkov:skip=CKV2_AWS_57:Turned over by db_password_version, since instances read it when they start
  description             = "How the application reaches ${local.cluster_identifier}: url and reader_url"
  kms_key_id              = var.kms_key_arn
  name_prefix             = "${var.name}/database-app-"
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "app" {
  secret_id = aws_secretsmanager_secret.app.id

  # Changes whenever anything in the secret does: the password by its version, all else by itself.
  secret_string_wo_version = parseint(substr(sha256(jsonencode([var.db_password_version, var.master_username, local.url, local.reader])), 0, 7), 16)

  secret_string_wo = jsonencode({
    reader_url = "mysql+asyncmy://${var.master_username}:${urlencode(local.master.password)}@${local.reader}"
    url        = "mysql+asyncmy://${var.master_username}:${urlencode(local.master.password)}@${local.url}"
  })

  lifecycle {
    create_before_destroy = true

    # What is passed on write-only is not compared, so that a changed password alone would do nothing, and say nothing.
    precondition {
      condition     = var.db_password == null ? true : var.db_password == local.master.password
      error_message = "db_password is not the password that was set: raise db_password_version by one to have it set, or put the former one back."
    }
  }
}
