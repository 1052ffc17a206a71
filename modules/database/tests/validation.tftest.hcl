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
    backup_retention_days       = 0
    backup_window               = "noon"
    database_name               = "1st"
    db_password                 = "short1!"
    db_password_version         = 0
    engine_version              = "8.0"
    instance_class              = "db.m5.large"
    instances                   = 0
    log_retention_days          = 31
    maintenance_window          = "sunday"
    master_username             = "admin"
    monitoring_interval_seconds = 7
    name                        = "Ticketing"
    port                        = 80
    secret_recovery_days        = 3
    security_group_ids          = []
    subnet_ids                  = ["subnet-1"]
  }

  expect_failures = [
    var.backup_retention_days,
    var.backup_window,
    var.database_name,
    var.db_password,
    var.db_password_version,
    var.engine_version,
    var.instance_class,
    var.instances,
    var.log_retention_days,
    var.maintenance_window,
    var.master_username,
    var.monitoring_interval_seconds,
    var.name,
    var.port,
    var.secret_recovery_days,
    var.security_group_ids,
    var.subnet_ids,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    backup_retention_days = 36
    db_password           = "alllower123!"
    engine_version        = "5.7.mysql_aurora.2.11.1"
    instance_class        = "t3.medium"
    instances             = 17
    master_username       = "root"
  }

  expect_failures = [
    var.backup_retention_days,
    var.db_password,
    var.engine_version,
    var.instance_class,
    var.instances,
    var.master_username,
  ]
}

run "rejects_bad_values_3" {
  command = plan

  variables {
    db_password            = "ALLUPPER123!"
    parameter_group_family = "aurora-mysql5.7"
  }

  expect_failures = [
    var.db_password,
    var.parameter_group_family,
  ]
}

run "rejects_bad_values_4" {
  command = plan

  variables {
    db_password = "NoDigitsHere!"
  }

  expect_failures = [
    var.db_password,
  ]
}

run "rejects_bad_values_5" {
  command = plan

  variables {
    db_password = "NoSpecial123"
  }

  expect_failures = [
    var.db_password,
  ]
}

run "rejects_bad_values_6" {
  command = plan

  variables {
    db_password = "With/Slash123!"
  }

  expect_failures = [
    var.db_password,
  ]
}

run "rejects_bad_values_7" {
  command = plan

  variables {
    db_password = "With Space123!"
  }

  expect_failures = [
    var.db_password,
  ]
}
