# What is random here is made of UUIDs, 122 bits of the system's randomness each. It goes into write-only arguments alone, so
# that no plan and no state holds it.

resource "aws_secretsmanager_secret" "keys" {
  #checkov:skip=CKV2_AWS_57:Another key by itself would sign everybody out and make sold tickets forgeries; the README tells how it is done
  description             = "What ${var.name} signs sessions and tickets with: SIGNING_KEYS, TICKET_SEED"
  kms_key_id              = var.kms_key_arn
  name_prefix             = "${var.name}/keys-"
  recovery_window_in_days = var.secret_recovery_days
}

# Written once and never again by Terraform: another seed would make every sold ticket a forgery. Keys are turned over
# by hand (a new one in front of the old), which does not disturb this.
resource "aws_secretsmanager_secret_version" "keys" {
  secret_id                = aws_secretsmanager_secret.keys.id
  secret_string_wo_version = 1

  secret_string_wo = jsonencode({
    SIGNING_KEYS = "k1:${sha256("${uuid()}${uuid()}${uuid()}")}"
    TICKET_SEED  = sha256("${uuid()}${uuid()}${uuid()}")
  })

  lifecycle {
    ignore_changes = [secret_string_wo_version, version_stages]
  }
}

locals {
  mail_scheme = var.mail_server == null ? "" : var.mail_server.port == 465 ? "smtps" : "smtp"
  mail_place  = var.mail_server == null ? "" : "${var.mail_server.host}:${var.mail_server.port}"
  mail_user   = var.mail_server == null ? "" : urlencode(var.mail_server.username)
}

resource "aws_secretsmanager_secret" "app" {
  #checkov:skip=CKV2_AWS_57:The other side of each of these has to change as well; app_secret_version sets them anew
  description             = "What ${var.name} shares with others: PAYMENT_SECRET, MAIL_URL"
  kms_key_id              = var.kms_key_arn
  name_prefix             = "${var.name}/app-"
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "app" {
  secret_id = aws_secretsmanager_secret.app.id

  # Changes with the mail server by itself; with a secret only by app_secret_version.
  secret_string_wo_version = parseint(substr(sha256(jsonencode([var.app_secret_version, local.mail_place, local.mail_user])), 0, 7), 16)

  secret_string_wo = jsonencode({
    MAIL_URL = (
      var.mail_server == null
      ? "mailbox:///var/lib/ticketing/mailbox"
      : "${local.mail_scheme}://${local.mail_user}:${urlencode(var.mail_password == null ? "" : var.mail_password)}@${local.mail_place}"
    )
    PAYMENT_SECRET = var.payment_secret != null ? var.payment_secret : sha256("${uuid()}${uuid()}")
  })

  lifecycle {
    create_before_destroy = true
  }
}
