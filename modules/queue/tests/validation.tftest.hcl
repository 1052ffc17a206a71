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
    alert_emails                  = ["operator"]
    alert_phone_numbers           = ["010-1234-5678"]
    dead_letter_retention_seconds = 60
    max_receive_count             = 1
    name                          = "Ticketing"
  }

  expect_failures = [
    var.alert_emails,
    var.alert_phone_numbers,
    var.dead_letter_retention_seconds,
    var.max_receive_count,
    var.name,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    handler_timeout_seconds = 0
  }

  expect_failures = [
    var.handler_timeout_seconds,
  ]
}

run "rejects_bad_values_3" {
  command = plan

  variables {
    message_retention_seconds = 60
  }

  expect_failures = [
    var.message_retention_seconds,
  ]
}

run "rejects_bad_values_4" {
  command = plan

  variables {
    visibility_timeout_seconds = 15
  }

  expect_failures = [
    var.visibility_timeout_seconds,
  ]
}

run "rejects_bad_values_5" {
  command = plan

  variables {
    visibility_timeout_seconds = 43201
  }

  expect_failures = [
    var.visibility_timeout_seconds,
  ]
}
