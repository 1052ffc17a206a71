data "aws_iam_policy_document" "tls" {
  for_each = aws_s3_bucket.this

  statement {
    sid       = "OnlyOverTls"
    actions   = ["s3:*"]
    effect    = "Deny"
    resources = [each.value.arn, "${each.value.arn}/*"]

    principals {
      identifiers = ["*"]
      type        = "AWS"
    }

    condition {
      test     = "Bool"
      values   = ["false"]
      variable = "aws:SecureTransport"
    }
  }
}

data "aws_iam_policy_document" "web" {
  source_policy_documents = [data.aws_iam_policy_document.tls["web"].json]

  dynamic "statement" {
    for_each = length(var.web_reader_distribution_arns) == 0 ? [] : [1]

    content {
      sid       = "CloudFrontReads"
      actions   = ["s3:GetObject"]
      resources = ["${aws_s3_bucket.this["web"].arn}/*"]

      principals {
        identifiers = ["cloudfront.amazonaws.com"]
        type        = "Service"
      }

      condition {
        test     = "StringEquals"
        values   = values(var.web_reader_distribution_arns)
        variable = "aws:SourceArn"
      }
    }
  }
}

data "aws_iam_policy_document" "logs" {
  source_policy_documents = [data.aws_iam_policy_document.tls["logs"].json]

  statement {
    sid       = "LoadBalancerWrites"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.this["logs"].arn}/alb/*"]

    principals {
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
      type        = "Service"
    }

    condition {
      test     = "StringEquals"
      values   = [local.account_id]
      variable = "aws:SourceAccount"
    }
  }

  # Each bucket to its own folder.
  dynamic "statement" {
    for_each = toset(["web", "tickets"])

    content {
      sid       = "S3WritesOf${title(statement.key)}"
      actions   = ["s3:PutObject"]
      resources = ["${aws_s3_bucket.this["logs"].arn}/s3/${statement.key}/*"]

      principals {
        identifiers = ["logging.s3.amazonaws.com"]
        type        = "Service"
      }

      condition {
        test     = "StringEquals"
        values   = [local.account_id]
        variable = "aws:SourceAccount"
      }

      condition {
        test     = "ArnEquals"
        values   = [aws_s3_bucket.this[statement.key].arn]
        variable = "aws:SourceArn"
      }
    }
  }

  statement {
    sid       = "CloudFrontLogDeliveryWrites"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.this["logs"].arn}/cdn/*"]

    principals {
      identifiers = ["delivery.logs.amazonaws.com"]
      type        = "Service"
    }

    condition {
      test     = "StringEquals"
      values   = [local.account_id]
      variable = "aws:SourceAccount"
    }
  }

  # The name of the trail is agreed with the audit module: its ARN would make the two wait for each other.
  statement {
    sid       = "CloudTrailLooks"
    actions   = ["s3:GetBucketAcl"]
    resources = [aws_s3_bucket.this["logs"].arn]

    principals {
      identifiers = ["cloudtrail.amazonaws.com"]
      type        = "Service"
    }

    condition {
      test     = "StringEquals"
      values   = ["arn:${data.aws_partition.current.partition}:cloudtrail:${data.aws_region.current.id}:${local.account_id}:trail/${var.name}"]
      variable = "aws:SourceArn"
    }
  }

  statement {
    sid       = "CloudTrailWrites"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.this["logs"].arn}/cloudtrail/AWSLogs/${local.account_id}/*"]

    principals {
      identifiers = ["cloudtrail.amazonaws.com"]
      type        = "Service"
    }

    condition {
      test     = "StringEquals"
      values   = ["arn:${data.aws_partition.current.partition}:cloudtrail:${data.aws_region.current.id}:${local.account_id}:trail/${var.name}"]
      variable = "aws:SourceArn"
    }
  }
}

# One resource for each bucket, not for_each: the policy of the web bucket waits for the distribution, which waits for
# the logs bucket's.
resource "aws_s3_bucket_policy" "web" {
  bucket = aws_s3_bucket.this["web"].id
  policy = data.aws_iam_policy_document.web.json

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_policy" "tickets" {
  bucket = aws_s3_bucket.this["tickets"].id
  policy = data.aws_iam_policy_document.tls["tickets"].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.this["logs"].id
  policy = data.aws_iam_policy_document.logs.json

  depends_on = [aws_s3_bucket_public_access_block.this]
}
