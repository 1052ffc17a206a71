resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    id     = "leftovers"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    # The status files of the waiting line are rewritten each second: a day of their old versions is 86,400 objects.
    # They have a rule of their own below.
    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_days
    }
  }

  dynamic "rule" {
    for_each = each.key == "web" ? [1] : []

    content {
      id     = "status-history"
      status = "Enabled"

      filter {
        prefix = "status/"
      }

      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }

  dynamic "rule" {
    for_each = each.key == "tickets" ? [1] : []

    content {
      id     = "cool-down"
      status = "Enabled"

      filter {}

      # Tickets are read around the day of the show, then hardly ever.
      transition {
        days          = 90
        storage_class = "STANDARD_IA"
      }
    }
  }

  dynamic "rule" {
    for_each = each.key == "logs" ? [1] : []

    content {
      id     = "expiry"
      status = "Enabled"

      filter {}

      expiration {
        days = var.log_retention_days
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
