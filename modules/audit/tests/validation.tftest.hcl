# Every value that a variable's validation is there to refuse.
mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  logs_bucket_id = "ticketing-dev-logs"
  name           = "ticketing-dev"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    key_deletion_days  = 6
    log_retention_days = 31
    name               = "Ticketing"
  }

  expect_failures = [
    var.key_deletion_days,
    var.log_retention_days,
    var.name,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    key_deletion_days = 31
    name              = "a"
  }

  expect_failures = [
    var.key_deletion_days,
    var.name,
  ]
}
