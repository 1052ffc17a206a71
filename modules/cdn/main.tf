locals {
  web_origin = "web"
  api_origin = "api"
  # The bucket, and for what it does not have, the API: its image holds the same pages, so a site works before its pages
  # were ever copied, and the line's status is there even where nobody wrote it to the bucket.
  web_or_api = "web-or-api"

  # Public, the same for everybody, and asked for by a whole crowd at once. POST to the same path (joining the line) is
  # passed through: CloudFront keeps answers to GET and HEAD only.
  public_paths = ["/api/events/*/queue", "/api/events/*/availability", "/api/events/*/plan"]
  # Of one person, or of the process: never kept.
  private_paths = ["/api/*", "/line/*", "/health", "/health/*", "/openapi.json", "/docs", "/docs/*"]

  all_methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
}

resource "aws_cloudfront_origin_access_control" "web" {
  name                              = "${var.name}-web"
  description                       = "Only this distribution may read the web bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# A private way from CloudFront into the VPC: the load balancer has no address on the internet, and no secret header
# has to prove who is calling.
resource "aws_cloudfront_vpc_origin" "this" {
  count = var.vpc_origin ? 1 : 0

  vpc_origin_endpoint_config {
    name                   = var.name
    arn                    = var.alb_arn
    http_port              = 80
    https_port             = 443
    origin_protocol_policy = var.origin_https ? "https-only" : "http-only"

    origin_ssl_protocols {
      items    = ["TLSv1.2"]
      quantity = 1
    }
  }

  tags = { Name = var.name }
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_86:Logged by standard logging v2 (see logs.tf); the first version, which this check looks for, needs a bucket with ACLs.
  #checkov:skip=CKV_AWS_174:TLS 1.2 wherever there is a certificate of one's own; without a domain CloudFront's own certificate sets the floor and takes no other setting.
  #checkov:skip=CKV_AWS_374:Fans travel: tickets are bought from any country.
  #checkov:skip=CKV2_AWS_47:The rule group with the Log4j rules (AWSManagedRulesKnownBadInputsRuleSet) is in waf.tf.
  aliases             = var.aliases
  comment             = var.name
  default_root_object = "index.html"
  enabled             = true
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  price_class         = var.price_class
  wait_for_deployment = true
  web_acl_id          = aws_wafv2_web_acl.this.arn

  origin {
    domain_name              = var.web_bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.web.id
    origin_id                = local.web_origin
  }

  origin {
    connection_attempts = 2
    connection_timeout  = 5
    domain_name         = var.alb_dns_name
    origin_id           = local.api_origin

    dynamic "custom_origin_config" {
      for_each = var.vpc_origin ? [] : [1]

      content {
        http_port                = 80
        https_port               = 443
        origin_keepalive_timeout = 55
        origin_protocol_policy   = var.origin_https ? "https-only" : "http-only"
        origin_read_timeout      = 30
        origin_ssl_protocols     = ["TLSv1.2"]
      }
    }

    dynamic "vpc_origin_config" {
      for_each = aws_cloudfront_vpc_origin.this[*].id

      content {
        origin_keepalive_timeout = 55
        origin_read_timeout      = 30
        vpc_origin_id            = vpc_origin_config.value
      }
    }
  }

  # 403 is what a bucket says of an object that is not there to somebody who may not list it.
  origin_group {
    origin_id = local.web_or_api

    failover_criteria {
      status_codes = [403, 404, 500, 502, 503, 504]
    }
    member {
      origin_id = local.web_origin
    }
    member {
      origin_id = local.api_origin
    }
  }

  default_cache_behavior {
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cache_policy_id            = local.managed_policies.caching_optimized
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    target_origin_id           = local.web_or_api
    viewer_protocol_policy     = "redirect-to-https"

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.clean_urls.arn
    }
  }

  ordered_cache_behavior {
    path_pattern               = "/status/*"
    allowed_methods            = ["GET", "HEAD"]
    cache_policy_id            = aws_cloudfront_cache_policy.status.id
    cached_methods             = ["GET", "HEAD"]
    compress                   = false
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    target_origin_id           = local.web_or_api
    viewer_protocol_policy     = "https-only"
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.public_paths

    content {
      path_pattern               = ordered_cache_behavior.value
      allowed_methods            = local.all_methods
      cache_policy_id            = aws_cloudfront_cache_policy.public_api.id
      cached_methods             = ["GET", "HEAD"]
      compress                   = true
      origin_request_policy_id   = local.managed_policies.all_viewer
      response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
      target_origin_id           = local.api_origin
      viewer_protocol_policy     = "https-only"
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.private_paths

    content {
      path_pattern    = ordered_cache_behavior.value
      allowed_methods = local.all_methods
      cache_policy_id = local.managed_policies.caching_disabled
      cached_methods  = ["GET", "HEAD"]
      compress        = true
      # With the Host header: the certificate of the load balancer is made for the site's name.
      origin_request_policy_id   = local.managed_policies.all_viewer
      response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
      target_origin_id           = local.api_origin
      viewer_protocol_policy     = "https-only"
    }
  }

  # CloudFront keeps errors for ten seconds even where it keeps nothing else: an order that is not in the books yet, or
  # an instance that was just replaced, would go on failing for everybody.
  dynamic "custom_error_response" {
    for_each = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]

    content {
      error_caching_min_ttl = 0
      error_code            = custom_error_response.value
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn            = var.certificate_arn
    cloudfront_default_certificate = !var.enable_certificate
    minimum_protocol_version       = var.enable_certificate ? "TLSv1.2_2021" : "TLSv1"
    ssl_support_method             = var.enable_certificate ? "sni-only" : null
  }

  tags = { Name = var.name }
}
