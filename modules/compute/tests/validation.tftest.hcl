# Every value that a variable's validation is there to refuse.
mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  alb_security_group_id = "sg-1"
  app_security_group_id = "sg-2"
  aws_region            = "ap-northeast-2"
  boot_log_group_name   = "/x/boot"
  collector_config      = "{}"
  environment           = { TICKETING_PUBLIC_URL = "https://x" }
  image_uri             = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/ticketing@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  instance_profile_name = "x"
  log_group_name        = "/x/app"
  logs_bucket           = "logs"
  name                  = "ticketing-dev"
  payment_url           = "https://payments.example.com"
  private_subnet_ids    = ["subnet-1", "subnet-2"]
  public_subnet_ids     = ["subnet-3", "subnet-4"]
  secret_arns           = { TICKETING_DATABASE_URL = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:x#url" }
  vpc_id                = "vpc-1"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    alb_ready_timeout    = "soon"
    alb_reserved_lcus    = 50
    ami_id               = "ami-x"
    app_port             = 80
    asg_desired_capacity = 1
    aws_region           = "seoul"
    boot_seconds         = 10
    certificate_arn      = "arn:aws:iam::1:x"
    cpu_target_percent   = 95
    database_connections = 5
    drain_seconds        = 5
    environment          = { lower = "x" }
    image_uri            = "ticketing:latest"
    instance_type        = "large"
    name                 = "Ticketing"
    on_sale_hold_minutes = 1
    on_sale_times        = ["tomorrow"]
    payment_url          = "http://payments.example.com"
    private_subnet_ids   = ["subnet-1"]
    public_subnet_ids    = ["subnet-1"]
    requests_per_target  = 1
    root_volume_gb       = 5
    secret_arns          = { TICKETING_DATABASE_URL = "mysql://root:pw@db" }
  }

  expect_failures = [
    var.alb_ready_timeout,
    var.alb_reserved_lcus,
    var.ami_id,
    var.app_port,
    var.asg_desired_capacity,
    var.aws_region,
    var.boot_seconds,
    var.certificate_arn,
    var.cpu_target_percent,
    var.database_connections,
    var.drain_seconds,
    var.environment,
    var.image_uri,
    var.instance_type,
    var.name,
    var.on_sale_hold_minutes,
    var.on_sale_times,
    var.payment_url,
    var.private_subnet_ids,
    var.public_subnet_ids,
    var.requests_per_target,
    var.root_volume_gb,
    var.secret_arns,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    asg_desired_capacity = 21
    environment          = { TICKETING_SIGNING_KEYS = "secret" }
    image_uri            = "example.com/ticketing:1"
    instance_type        = "t3.micro"
    on_sale_times        = ["2030-05-01T20:00:00+09:00"]
  }

  expect_failures = [
    var.asg_desired_capacity,
    var.environment,
    var.image_uri,
    var.instance_type,
    var.on_sale_times,
  ]
}

run "rejects_bad_values_3" {
  command = plan

  variables {
    asg_max_size  = 201
    on_sale_times = ["2030-05-01T11:00:00Z", "2030-05-01T11:00:00Z"]
  }

  expect_failures = [
    var.asg_max_size,
    var.on_sale_times,
  ]
}

run "rejects_bad_values_4" {
  command = plan

  variables {
    asg_min_size = 0
  }

  expect_failures = [
    var.asg_min_size,
  ]
}

run "rejects_bad_values_5" {
  command = plan

  variables {
    asg_min_size = 1.5
  }

  expect_failures = [
    var.asg_min_size,
  ]
}

run "rejects_bad_values_6" {
  command = plan

  variables {
    on_sale_capacity = 21
  }

  expect_failures = [
    var.on_sale_capacity,
  ]
}

run "rejects_bad_values_7" {
  command = plan

  variables {
    on_sale_capacity = 1
  }

  expect_failures = [
    var.on_sale_capacity,
  ]
}

run "rejects_when_most_is_less_than_fewest" {
  command = plan

  variables {
    asg_min_size         = 4
    asg_desired_capacity = 4
    asg_max_size         = 3
  }

  expect_failures = [var.asg_max_size]
}
