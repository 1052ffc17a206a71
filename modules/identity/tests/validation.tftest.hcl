# Every value that a variable's validation is there to refuse.
# Terraform's mocks know no ephemeral resources (as of 1.11): the provider is the real one, before AWS's stand-in.
provider "aws" {
  access_key                  = "testing"
  max_retries                 = 4
  region                      = "ap-northeast-2"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

variables {
  alerts_topic_arn   = "arn:aws:sns:ap-northeast-2:123456789012:alerts"
  dead_letter_arn    = "arn:aws:sqs:ap-northeast-2:123456789012:dead"
  ecr_repository_arn = "arn:aws:ecr:ap-northeast-2:123456789012:repository/x"
  kms_key_arn        = "arn:aws:kms:ap-northeast-2:123456789012:key/0123"
  log_group_arns     = ["arn:aws:logs:ap-northeast-2:123456789012:log-group:/x"]
  name               = "ticketing-dev"
  queue_arn          = "arn:aws:sqs:ap-northeast-2:123456789012:orders"
  tickets_bucket_arn = "arn:aws:s3:::tickets"
  web_bucket_arn     = "arn:aws:s3:::web"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    app_secret_version       = 0
    github_branch            = "a b"
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.com"
    github_repository        = "ticketing"
    log_group_arns           = []
    mail_server              = { host = "mail.example.com", port = 25, username = "u" }
    name                     = "Ticketing"
    secret_recovery_days     = 3
  }

  expect_failures = [
    var.app_secret_version,
    var.github_branch,
    var.github_oidc_provider_arn,
    var.github_repository,
    var.log_group_arns,
    var.mail_server,
    var.name,
    var.secret_recovery_days,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    mail_server = { host = "localhost", port = 587, username = "u" }
  }

  expect_failures = [
    var.mail_server,
  ]
}
