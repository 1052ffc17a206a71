# Every value that a variable's validation is there to refuse.
mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../tests/terraform/mocks"
}

variables {
  alb_arn                         = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/x/0123456789abcdef"
  alb_dns_name                    = "x.ap-northeast-2.elb.amazonaws.com"
  logs_bucket_arn                 = "arn:aws:s3:::logs"
  name                            = "ticketing-dev"
  routes                          = jsondecode(file("../../web/routes.json"))
  web_bucket_regional_domain_name = "web.s3.ap-northeast-2.amazonaws.com"
}

run "rejects_bad_values_1" {
  command = plan

  variables {
    aliases            = ["tickets.example.com"]
    captcha_kind       = "riddle"
    certificate_arn    = "arn:aws:acm:ap-northeast-2:123456789012:certificate/1"
    log_retention_days = 31
    name               = "Ticketing"
    price_class        = "PriceClass_Asia"
    rate_limits        = { join = 5 }
    routes             = [{ path = "/" }]
  }

  expect_failures = [
    var.aliases,
    var.captcha_kind,
    var.certificate_arn,
    var.log_retention_days,
    var.name,
    var.price_class,
    var.rate_limits,
    var.routes,
  ]
}

run "rejects_bad_values_2" {
  command = plan

  variables {
    rate_limits = { join = 1999999999 }
    routes      = [{ path = "/a/{b}/{c}", to = "/{b}" }]
  }

  expect_failures = [
    var.rate_limits,
    var.routes,
  ]
}
