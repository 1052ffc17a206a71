locals {
  app_user_id = "${var.name}-${var.engine}"

  # Everything that the application does, and nothing that an operator does: no FLUSHALL, no KEYS, no CONFIG.
  app_access = "on ~* &* +@all -@admin -@dangerous"
}

resource "aws_secretsmanager_secret" "password" {
  #checkov:skip=CKV2_AWS_57:Turned over by auth_version, since instances read it when they start
  description             = "Password of the application's user of ${var.name} at ElastiCache"
  kms_key_id              = var.kms_key_arn
  name_prefix             = "${var.name}/cache-password-"
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "password" {
  secret_id                = aws_secretsmanager_secret.password.id
  secret_string_wo         = jsonencode({ password = sha256("${uuid()}${uuid()}") }) # 244 bits of the system's randomness
  secret_string_wo_version = var.auth_version

  # Instances that start meanwhile must find one or the other.
  lifecycle {
    create_before_destroy = true
  }
}

# A user of aws_elasticache_user has its password in the state: the provider has no write-only argument for it (as of
# 5.100). CloudFormation resolves the reference inside AWS, so that neither the state nor the template holds it; and
# since the reference names the version of the secret, a new password is a change of the template.
resource "aws_cloudformation_stack" "app_user" {
  #checkov:skip=CKV_AWS_124:It holds one user and changes while an operator applies, who sees how it ends
  name = "${var.name}-cache-user-${var.engine}"

  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "The user that the application signs in to ElastiCache with"
    Resources = {
      User = {
        Type = "AWS::ElastiCache::User"
        Properties = {
          AccessString = local.app_access
          AuthenticationMode = {
            Passwords = [join(":", [
              "{{resolve:secretsmanager",
              aws_secretsmanager_secret.password.arn,
              "SecretString",
              "password",
              "",
              "${aws_secretsmanager_secret_version.password.version_id}}}",
            ])]
            Type = "password"
          }
          Engine   = var.engine
          UserId   = local.app_user_id
          UserName = var.app_username
        }
      }
    }
  })

  lifecycle {
    create_before_destroy = true
  }
}

# Redis wants a user named "default" in each group. Clients that name no user become it: it is shut, and may do nothing.
resource "aws_elasticache_user" "default" {
  count = var.engine == "redis" ? 1 : 0

  access_string = "off ~keys* -@all +get"
  engine        = "redis"
  user_id       = "${var.name}-default"
  user_name     = "default"

  authentication_mode {
    type = "no-password-required"
  }
}

resource "aws_elasticache_user_group" "this" {
  engine        = var.engine
  user_group_id = "${var.name}-${var.engine}"
  user_ids      = concat([local.app_user_id], aws_elasticache_user.default[*].user_id)

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_cloudformation_stack.app_user]
}

ephemeral "aws_secretsmanager_secret_version" "password" {
  secret_id  = aws_secretsmanager_secret_version.password.secret_id
  version_id = aws_secretsmanager_secret_version.password.version_id
}

locals {
  password = jsondecode(ephemeral.aws_secretsmanager_secret_version.password.secret_string).password
  url      = "${aws_elasticache_replication_group.this.primary_endpoint_address}:${var.port}/0"
}

resource "aws_secretsmanager_secret" "app" {
  #checkov:skip=CKV2_AWS_57:Turned over by auth_version, since instances read it when they start
  description             = "How the application reaches Redis of ${var.name}: url"
  kms_key_id              = var.kms_key_arn
  name_prefix             = "${var.name}/cache-app-"
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "app" {
  secret_id        = aws_secretsmanager_secret.app.id
  secret_string_wo = jsonencode({ url = "rediss://${var.app_username}:${local.password}@${local.url}" })

  # Changes whenever anything in the secret does: the password by its version, all else by itself.
  secret_string_wo_version = parseint(substr(sha256(jsonencode([var.auth_version, var.app_username, local.url])), 0, 7), 16)

  lifecycle {
    create_before_destroy = true
  }
}
