data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id

  # A name, not a reference: the key's policy names the trail, which uses the key. The storage module agrees on it.
  trail_arn = "arn:${local.partition}:cloudtrail:${local.region}:${local.account_id}:trail/${var.name}"
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:A message for each delivered file tells nobody anything; the log group is there to be watched
  count = var.enable_cloudtrail ? 1 : 0

  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.trail[0].arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.trail[0].arn
  enable_log_file_validation    = true
  include_global_service_events = true
  is_multi_region_trail         = true
  kms_key_id                    = aws_kms_key.this["logs"].arn
  name                          = var.name
  s3_bucket_name                = var.logs_bucket_id
  s3_key_prefix                 = "cloudtrail"

  event_selector {
    include_management_events = true
    read_write_type           = "All"

    dynamic "data_resource" {
      for_each = length(var.logged_bucket_arns) == 0 ? [] : [1]

      content {
        type   = "AWS::S3::Object"
        values = [for arn in values(var.logged_bucket_arns) : "${arn}/"]
      }
    }
  }

  lifecycle {
    precondition {
      condition     = var.logs_bucket_id != null
      error_message = "logs_bucket_id must be given when enable_cloudtrail is true."
    }
  }

  depends_on = [aws_iam_role_policy.trail]
}

resource "aws_cloudwatch_log_group" "trail" {
  count = var.enable_cloudtrail ? 1 : 0

  kms_key_id        = aws_kms_key.this["logs"].arn
  name              = "/${var.name}/cloudtrail"
  retention_in_days = var.log_retention_days

  depends_on = [aws_kms_key_policy.this]
}

data "aws_iam_policy_document" "trail_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      identifiers = ["cloudtrail.amazonaws.com"]
      type        = "Service"
    }

    condition {
      test     = "StringEquals"
      values   = [local.trail_arn]
      variable = "aws:SourceArn"
    }
  }
}

data "aws_iam_policy_document" "trail" {
  count = var.enable_cloudtrail ? 1 : 0

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.trail[0].arn}:log-stream:${local.account_id}_CloudTrail_*"]
  }
}

resource "aws_iam_role" "trail" {
  count = var.enable_cloudtrail ? 1 : 0

  assume_role_policy = data.aws_iam_policy_document.trail_trust.json
  description        = "Lets the trail of ${var.name} write to its log group"
  name_prefix        = "${var.name}-trail-"
}

resource "aws_iam_role_policy" "trail" {
  count = var.enable_cloudtrail ? 1 : 0

  name   = "write-trail"
  policy = data.aws_iam_policy_document.trail[0].json
  role   = aws_iam_role.trail[0].id
}
