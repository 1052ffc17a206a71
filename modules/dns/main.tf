locals {
  enabled   = var.domain_name != ""
  zone_name = var.zone_name != "" ? var.zone_name : var.domain_name
  # Where CloudFront finds the load balancer: a name of ours, so that the certificate of the load balancer fits.
  origin_name = "origin.${var.domain_name}"
  # The zone is looked up only where neither made nor named.
  lookup  = local.enabled && !var.create_zone && var.hosted_zone_id == null
  zone_id = !local.enabled ? null : var.create_zone ? aws_route53_zone.this[0].zone_id : var.hosted_zone_id != null ? var.hosted_zone_id : data.aws_route53_zone.this[0].zone_id
}

data "aws_route53_zone" "this" {
  count = local.lookup ? 1 : 0

  name         = local.zone_name
  private_zone = false
}

resource "aws_route53_zone" "this" {
  #checkov:skip=CKV2_AWS_38:DNSSEC needs a record at the registrar, which is not ours to set; half of it would take the site off the net.
  #checkov:skip=CKV2_AWS_39:Who asks for the address of a public ticket shop is personal data that nothing here needs.
  count = local.enabled && var.create_zone ? 1 : 0

  name    = local.zone_name
  comment = "Made by Terraform"

  tags = { Name = local.zone_name }
}

# The load balancer takes certificates of its own region only, CloudFront those of us-east-1 only.
resource "aws_acm_certificate" "this" {
  count = local.enabled ? 1 : 0

  domain_name               = var.domain_name
  subject_alternative_names = [local.origin_name]
  validation_method         = "DNS"

  tags = { Name = var.domain_name }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate" "cloudfront" {
  count    = local.enabled ? 1 : 0
  provider = aws.us_east_1

  domain_name       = var.domain_name
  validation_method = "DNS"

  tags = { Name = var.domain_name }

  lifecycle {
    create_before_destroy = true
  }
}

# One record for each name validates both certificates: its name and value depend on account and domain only.
resource "aws_route53_record" "validation" {
  for_each = local.enabled ? toset([var.domain_name, local.origin_name]) : toset([])

  allow_overwrite = true
  name            = one([for option in aws_acm_certificate.this[0].domain_validation_options : option.resource_record_name if option.domain_name == each.value])
  records         = [one([for option in aws_acm_certificate.this[0].domain_validation_options : option.resource_record_value if option.domain_name == each.value])]
  ttl             = 60
  type            = one([for option in aws_acm_certificate.this[0].domain_validation_options : option.resource_record_type if option.domain_name == each.value])
  zone_id         = local.zone_id
}

resource "aws_acm_certificate_validation" "this" {
  count = local.enabled ? 1 : 0

  certificate_arn         = aws_acm_certificate.this[0].arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]

  timeouts {
    create = "30m"
  }
}

resource "aws_acm_certificate_validation" "cloudfront" {
  count    = local.enabled ? 1 : 0
  provider = aws.us_east_1

  certificate_arn         = aws_acm_certificate.cloudfront[0].arn
  validation_record_fqdns = [aws_route53_record.validation[var.domain_name].fqdn]

  timeouts {
    create = "30m"
  }
}

resource "aws_route53_record" "site" {
  for_each = local.enabled ? toset(var.enable_alb_record ? ["A"] : ["A", "AAAA"]) : toset([])

  name    = var.domain_name
  type    = each.value
  zone_id = local.zone_id

  alias {
    evaluate_target_health = var.enable_alb_record
    name                   = var.enable_alb_record ? var.alb_dns_name : var.distribution_domain_name
    zone_id                = var.enable_alb_record ? var.alb_zone_id : var.distribution_zone_id
  }
}

resource "aws_route53_record" "origin" {
  count = local.enabled ? 1 : 0

  name    = local.origin_name
  type    = "A"
  zone_id = local.zone_id

  alias {
    evaluate_target_health = false
    name                   = var.alb_dns_name
    zone_id                = var.alb_zone_id
  }
}
