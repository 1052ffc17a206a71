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
  name               = "ticketing-dev"
  security_group_ids = ["sg-1"]
  subnet_ids         = ["subnet-1", "subnet-2"]
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    app_username            = "default"
    auth_version            = 0
    engine                  = "memcached"
    log_retention_days      = 31
    maintenance_window      = "sunday"
    name                    = "ticketing--dev"
    node_type               = "cache.t2.micro"
    port                    = 80
    secret_recovery_days    = 3
    security_group_ids      = []
    snapshot_retention_days = 36
    snapshot_window         = "25:00-26:00"
    subnet_ids              = ["subnet-1"]
  }

  expect_failures = [
    var.app_username,
    var.auth_version,
    var.engine,
    var.log_retention_days,
    var.maintenance_window,
    var.name,
    var.node_type,
    var.port,
    var.secret_recovery_days,
    var.security_group_ids,
    var.snapshot_retention_days,
    var.snapshot_window,
    var.subnet_ids,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    app_username         = "Ticket"
    auth_version         = 1.5
    engine_version       = "5.0"
    name                 = "Ticketing"
    node_type            = "t3.micro"
    port                 = 70000
    secret_recovery_days = 31
  }

  expect_failures = [
    var.app_username,
    var.auth_version,
    var.engine_version,
    var.name,
    var.node_type,
    var.port,
    var.secret_recovery_days,
  ]
}

run "rejects_bad_values_3" {
  command = plan

  variables {
    engine_version = "8.0"
  }

  expect_failures = [
    var.engine_version,
  ]
}

run "rejects_bad_values_4" {
  command = plan

  variables {
    parameter_group_family = "redis6"
  }

  expect_failures = [
    var.parameter_group_family,
  ]
}

run "rejects_bad_values_5" {
  command = plan

  variables {
    redis_num_nodes = 0
  }

  expect_failures = [
    var.redis_num_nodes,
  ]
}

run "rejects_bad_values_6" {
  command = plan

  variables {
    redis_num_nodes = 7
  }

  expect_failures = [
    var.redis_num_nodes,
  ]
}

run "rejects_bad_values_7" {
  command = plan

  variables {
    redis_num_nodes = 1.5
  }

  expect_failures = [
    var.redis_num_nodes,
  ]
}

run "rejects_when_multi_az_needs_two_nodes" {
  command = plan

  variables {
    multi_az        = true
    redis_num_nodes = 1
  }

  expect_failures = [var.multi_az]
}
