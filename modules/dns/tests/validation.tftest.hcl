# Every value that a variable's validation is there to refuse.
mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../tests/terraform/mocks"
}

variables {
  alb_dns_name = "x.elb.amazonaws.com"
  alb_zone_id  = "Z1"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    domain_name    = "https://tickets.example.com"
    hosted_zone_id = "example.com"
  }

  expect_failures = [
    var.domain_name,
    var.hosted_zone_id,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    domain_name = "tickets"
  }

  expect_failures = [
    var.domain_name,
  ]
}

run "rejects_when_a_zone_is_made_or_named" {
  command = plan

  variables {
    domain_name    = "tickets.example.com"
    create_zone    = true
    hosted_zone_id = "Z0123456789ABC"
  }

  expect_failures = [var.create_zone]
}

run "rejects_when_the_zone_is_above_the_name" {
  command = plan

  variables {
    domain_name = "tickets.example.com"
    zone_name   = "example.org"
  }

  expect_failures = [var.zone_name]
}
