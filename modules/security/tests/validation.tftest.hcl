# Every value that a variable's validation is there to refuse.
mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name              = "ticketing-dev"
  s3_prefix_list_id = "pl-1"
  vpc_cidr          = "10.0.0.0/16"
  vpc_id            = "vpc-1"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    alb_ingress = "private"
    app_port    = 80
    name        = "Ticketing"
    peer_ports  = { sandbox = 80 }
    vpc_cidr    = "10.0.0.0"
  }

  expect_failures = [
    var.alb_ingress,
    var.app_port,
    var.name,
    var.peer_ports,
    var.vpc_cidr,
  ]
}

run "rejects_when_mail_needs_the_internet" {
  command = plan

  variables {
    allow_smtp      = true
    internet_egress = false
  }

  expect_failures = [var.allow_smtp]
}
