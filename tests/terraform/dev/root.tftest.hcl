# Terraform's mocks know no ephemeral resources (as of 1.11): the provider is the real one, before AWS's stand-in.
provider "aws" {
  access_key                  = "testing"
  max_retries                 = 4
  region                      = "ap-northeast-2"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

provider "aws" {
  alias                       = "us_east_1"
  access_key                  = "testing"
  max_retries                 = 4
  region                      = "us-east-1"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

variables {
  alert_emails = ["operator@example.com"]
  db_password  = "Only-for-tests-1"
  image_uri    = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/ticketing@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    alb_ingress              = "private"
    alert_emails             = ["operator"]
    alert_phone_numbers      = ["010-1234-5678"]
    aws_account_id           = "12345"
    db_backup_retention_days = 0
    db_password              = "short1!"
    mail_sender              = "tickets"
    project_name             = "Ticketing"
    redis_num_nodes          = 0
  }

  expect_failures = [
    var.alb_ingress,
    var.alert_emails,
    var.alert_phone_numbers,
    var.aws_account_id,
    var.db_backup_retention_days,
    var.db_password,
    var.mail_sender,
    var.project_name,
    var.redis_num_nodes,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    asg_desired_capacity = 21
    aws_region           = "seoul"
    db_password          = "alllower123!"
    domain_name          = "https://tickets.example.com"
    environment          = "staging"
    redis_num_nodes      = 7
  }

  expect_failures = [
    var.asg_desired_capacity,
    var.aws_region,
    var.db_password,
    var.domain_name,
    var.environment,
    var.redis_num_nodes,
  ]
}

run "rejects_bad_values_3" {
  command = plan

  variables {
    asg_desired_capacity = 1
    db_password          = "ALLUPPER123!"
    domain_name          = "tickets.example.com"
    environment          = "prod"
    payment_url          = "http://payments.example.com"
  }

  expect_failures = [
    var.asg_desired_capacity,
    var.db_password,
    var.domain_name,
    var.environment,
    var.payment_url,
  ]
}

run "rejects_bad_values_4" {
  command = plan

  variables {
    alb_ingress        = "cloudfront"
    asg_max_size       = 201
    availability_zones = ["ap-northeast-2a"]
    db_password        = "NoDigitsHere!"
    enable_cdn         = false
    mail_password      = "secret-of-mail-1"
  }

  expect_failures = [
    var.alb_ingress,
    var.asg_max_size,
    var.availability_zones,
    var.db_password,
    var.mail_password,
  ]
}

run "rejects_bad_values_5" {
  command = plan

  variables {
    asg_min_size       = 0
    availability_zones = ["ap-northeast-2a", "ap-northeast-2a"]
    db_password        = "NoSpecial123"
    enable_nat_gateway = false
    payment_url        = "https://payments.example.com"
  }

  expect_failures = [
    var.asg_min_size,
    var.availability_zones,
    var.db_password,
    var.enable_nat_gateway,
  ]
}

run "rejects_bad_values_6" {
  command = plan

  variables {
    availability_zones = ["us-east-1a", "us-east-1b"]
    create_zone        = true
    db_password        = "With/Slash123!"
  }

  expect_failures = [
    var.availability_zones,
    var.db_password,
    var.domain_name,
  ]
}

run "dev_as_promised" {
  command = plan

  assert {
    condition     = output.environment == "dev"
    error_message = "The workspace decides which environment it is."
  }
}

run "dev_without_nat" {
  command = plan

  variables {
    enable_nat_gateway = false
  }

  assert {
    condition     = length(output.nat_public_ips) == 0
    error_message = "enable_nat_gateway = false must leave no gateway."
  }
}

run "dev_at_its_smallest" {
  command = plan

  variables {
    asg_desired_capacity = 1
    asg_min_size         = 1
    enable_cdn           = false
    enable_cloudtrail    = false
    enable_flow_logs     = false
    enable_xray          = false
    redis_num_nodes      = 1
    single_nat_gateway   = true
  }

  assert {
    condition     = length(output.nat_public_ips) == 1 && output.distribution_id == null
    error_message = "One gateway, no distribution."
  }
}

run "dev_on_graviton_and_valkey" {
  command = plan

  variables {
    instance_type        = "t4g.medium"
    redis_engine         = "valkey"
    redis_engine_version = "8.0"
    redis_node_type      = "cache.t4g.micro"
  }

  assert {
    condition     = output.image_platform == "linux/arm64"
    error_message = "A Graviton machine runs an arm64 image."
  }
}
