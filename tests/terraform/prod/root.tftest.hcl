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
  payment_url  = "https://payments.example.com"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    asg_min_size      = 1
    db_instance_count = 1
    db_password       = "YourSecurePassword123!"
    force_destroy     = true
    redis_num_nodes   = 1
  }

  expect_failures = [
    var.asg_min_size,
    var.db_instance_count,
    var.db_password,
    var.force_destroy,
    var.redis_num_nodes,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    enable_nat_gateway = false
    environment        = "dev"
  }

  expect_failures = [
    var.enable_nat_gateway,
    var.environment,
  ]
}

run "rejects_bad_values_3" {
  command = plan

  variables {
    payment_url = null
  }

  expect_failures = [
    var.payment_url,
  ]
}

run "prod_behind_cloudfront" {
  command = plan

  variables {
    create_zone = true
    domain_name = "tickets.example.com"
  }

  assert {
    condition     = output.environment == "prod" && output.site_url == "https://tickets.example.com"
    error_message = "prod is reached by its name."
  }
}
