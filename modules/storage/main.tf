data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id

  # The account makes the names unique in the world; a stranger cannot take them first by guessing the project's name.
  buckets = {
    web     = "${var.name}-web-${local.account_id}"
    tickets = "${var.name}-tickets-${local.account_id}"
    logs    = "${var.name}-logs-${local.account_id}"
  }
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:aws_s3_bucket_logging.this: web and tickets log into logs, which does not log itself; said for each bucket by for_each, which checkov does not follow
  #checkov:skip=CKV_AWS_21:aws_s3_bucket_versioning.this: said for each bucket by for_each, which checkov does not follow
  #checkov:skip=CKV_AWS_144:Pages and logs can be made again, and tickets are drawn anew from the database
  #checkov:skip=CKV_AWS_145:Tickets have a key of ours; the load balancer cannot write to such a bucket, and pages are public
  #checkov:skip=CKV2_AWS_6:aws_s3_bucket_public_access_block.this: said for each bucket by for_each, which checkov does not follow
  #checkov:skip=CKV2_AWS_61:aws_s3_bucket_lifecycle_configuration.this: said for each bucket by for_each, which checkov does not follow
  #checkov:skip=CKV2_AWS_62:Nothing is done when an object comes
  for_each = local.buckets

  bucket        = each.value
  force_destroy = var.force_destroy

  lifecycle {
    precondition {
      condition     = length(each.value) <= 63
      error_message = "The name of bucket ${each.value} would be longer than the 63 characters that S3 allows: take a shorter name."
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  block_public_acls       = true
  block_public_policy     = true
  bucket                  = each.value.id
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Tickets name people, so they have a key of ours. What CloudFront reads (web) and what the load balancer writes (logs)
# must be encrypted with S3's own key: ELB cannot write with another, and web pages are public anyway.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    bucket_key_enabled = each.key == "tickets" && var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      kms_master_key_id = each.key == "tickets" ? var.kms_key_arn : null
      sse_algorithm     = each.key == "tickets" && var.kms_key_arn != null ? "aws:kms" : "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = { for name in ["web", "tickets"] : name => aws_s3_bucket.this[name].id }

  bucket        = each.value
  target_bucket = aws_s3_bucket.this["logs"].id
  target_prefix = "s3/${each.key}/"

  depends_on = [aws_s3_bucket_policy.logs]
}
