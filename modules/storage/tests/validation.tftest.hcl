# Every value that a variable's validation is there to refuse.
mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name = "ticketing-dev"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    log_retention_days      = 7
    name                    = "Ticketing"
    noncurrent_version_days = 0
  }

  expect_failures = [
    var.log_retention_days,
    var.name,
    var.noncurrent_version_days,
  ]
}
