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
    availability_zones = ["ap-northeast-2a"]
    log_retention_days = 31
    name               = "Ticketing"
    vpc_cidr           = "10.0.0.0"
  }

  expect_failures = [
    var.availability_zones,
    var.log_retention_days,
    var.name,
    var.vpc_cidr,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    availability_zones = ["ap-northeast-2a", "ap-northeast-2a"]
    vpc_cidr           = "10.0.0.1/16"
  }

  expect_failures = [
    var.availability_zones,
    var.vpc_cidr,
  ]
}

run "rejects_bad_values_3" {
  command = plan

  variables {
    availability_zones = ["a", "c"]
    vpc_cidr           = "10.0.0.0/24"
  }

  expect_failures = [
    var.availability_zones,
    var.vpc_cidr,
  ]
}

run "rejects_bad_values_4" {
  command = plan

  variables {
    availability_zones = ["ap-northeast-2a", "us-east-1a"]
    vpc_cidr           = "8.8.0.0/16"
  }

  expect_failures = [
    var.availability_zones,
    var.vpc_cidr,
  ]
}

run "rejects_bad_values_5" {
  command = plan

  variables {
    endpoint_services = ["s3"]
  }

  expect_failures = [
    var.endpoint_services,
  ]
}

run "rejects_bad_values_6" {
  command = plan

  variables {
    endpoint_zone_count = 0
  }

  expect_failures = [
    var.endpoint_zone_count,
  ]
}

run "rejects_bad_values_7" {
  command = plan

  variables {
    endpoint_zone_count = 3
  }

  expect_failures = [
    var.endpoint_zone_count,
  ]
}

run "rejects_when_boot_without_nat_needs_endpoints" {
  command = plan

  variables {
    enable_nat_gateway = false
    endpoint_services  = ["logs"]
  }

  expect_failures = [var.endpoint_services]
}
