locals {
  # Policies that AWS keeps in every account, by the ids that its documentation gives.
  managed_policies = {
    all_viewer        = "216adef6-5c7f-47e4-b989-5492eafa07d3"
    caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    cors_s3_origin    = "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"
  }

  # As src/ticketing/waiting/captcha.py has them, and src/ticketing/base/pages.py puts them into the policy.
  captcha_origins = {
    hcaptcha  = " https://hcaptcha.com https://*.hcaptcha.com"
    recaptcha = " https://www.google.com https://www.gstatic.com"
    turnstile = " https://challenges.cloudflare.com"
  }
  captcha = var.captcha_kind == null ? "" : local.captcha_origins[var.captcha_kind]

  content_security_policy = join("; ", concat(
    [
      "default-src 'self'",
      "img-src 'self' data: blob:",
      "style-src 'self'${local.captcha}",
      "script-src 'self'${local.captcha}",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ],
    [for kind in ["frame-src", "connect-src"] : "${kind} 'self'${local.captcha}" if var.captcha_kind != null],
  ))
}

# The line's public status: one object a second for everybody. The time is exact, whatever the origin says, and nothing
# of the viewer is in the key, so the origin is asked about once a second however many wait.
resource "aws_cloudfront_cache_policy" "status" {
  name        = "${var.name}-status"
  comment     = "One second, one key for all"
  default_ttl = 1
  max_ttl     = 1
  min_ttl     = 1

  parameters_in_cache_key_and_forwarded_to_origin {
    # Encodings would be a header in the key, for 220 bytes.
    enable_accept_encoding_brotli = false
    enable_accept_encoding_gzip   = false

    cookies_config {
      cookie_behavior = "none"
    }
    headers_config {
      header_behavior = "none"
    }
    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

# Public answers of the API say themselves how long they keep; one that says nothing is not kept.
resource "aws_cloudfront_cache_policy" "public_api" {
  name        = "${var.name}-public-api"
  comment     = "As long as the API says"
  default_ttl = 0
  max_ttl     = 31536000
  min_ttl     = 0

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    cookies_config {
      cookie_behavior = "none"
    }
    headers_config {
      header_behavior = "none"
    }
    query_strings_config {
      query_string_behavior = "whitelist"

      query_strings {
        # The plan's address carries its version.
        items = ["v"]
      }
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  #checkov:skip=CKV_AWS_259:A year of HSTS, for this name. Preloading and subdomains would bind names of the operator's that are not ours, irrevocably.
  name    = "${var.name}-security"
  comment = "What the API sends with pages that it serves itself (src/ticketing/base/pages.py)"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.content_security_policy
      # The API's own pages have a stricter one.
      override = false
    }
    content_type_options {
      override = true
    }
    frame_options {
      frame_option = "DENY"
      override     = true
    }
    referrer_policy {
      referrer_policy = "strict-origin-when-cross-origin"
      override        = false
    }
    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = false
      override                   = true
      preload                    = false
    }
  }

  custom_headers_config {
    items {
      header   = "Permissions-Policy"
      override = false
      value    = "camera=(self), geolocation=(), microphone=()"
    }
  }
}

resource "aws_cloudfront_function" "clean_urls" {
  name    = "${var.name}-clean-urls"
  comment = "Clean URLs of the web pages"
  publish = true
  runtime = "cloudfront-js-2.0"
  code = replace(file("${path.module}/files/clean-urls.js"), "/*ROUTES*/ []", jsonencode([
    for route in var.routes : merge(
      { pattern = "^${replace(route.path, "/\\{[^}]*\\}/", "([^/]+)")}$" },
      # What is written between braces is taken over: $1 for the function, doubled since replace() has such signs too.
      route.file != null ? { file = route.file } : { to = replace(route.to, "/\\{[^}]*\\}/", "$$1") },
    )
  ]))
}
