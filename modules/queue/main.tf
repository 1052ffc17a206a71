data "aws_caller_identity" "current" {}

locals {
  reuse_seconds = var.kms_key_arn == null ? null : 3600
}

resource "aws_sqs_queue" "dead_letter" {
  kms_data_key_reuse_period_seconds = local.reuse_seconds
  kms_master_key_id                 = var.kms_key_arn
  message_retention_seconds         = var.dead_letter_retention_seconds
  name                              = "${var.name}-orders-dead"
  receive_wait_time_seconds         = 20
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  visibility_timeout_seconds        = 60
}

resource "aws_sqs_queue" "this" {
  kms_data_key_reuse_period_seconds = local.reuse_seconds
  kms_master_key_id                 = var.kms_key_arn
  message_retention_seconds         = var.message_retention_seconds
  name                              = "${var.name}-orders"
  receive_wait_time_seconds         = 20
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  visibility_timeout_seconds        = var.visibility_timeout_seconds

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "this" {
  queue_url = aws_sqs_queue.dead_letter.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this.arn]
  })
}

data "aws_iam_policy_document" "queue" {
  for_each = { orders = aws_sqs_queue.this.arn, dead = aws_sqs_queue.dead_letter.arn }

  statement {
    sid       = "OnlyOverTls"
    actions   = ["sqs:*"]
    effect    = "Deny"
    resources = [each.value]

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

resource "aws_sqs_queue_policy" "this" {
  policy    = data.aws_iam_policy_document.queue["orders"].json
  queue_url = aws_sqs_queue.this.id
}

resource "aws_sqs_queue_policy" "dead_letter" {
  policy    = data.aws_iam_policy_document.queue["dead"].json
  queue_url = aws_sqs_queue.dead_letter.id
}
