resource "aws_sns_topic" "alerts" {
  display_name      = "${var.name} alerts"
  kms_master_key_id = var.kms_key_arn
  name              = "${var.name}-alerts"
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "AlarmsAndEventsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      identifiers = [
        "budgets.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
        "events.rds.amazonaws.com",
      ]
      type = "Service"
    }

    condition {
      test     = "StringEquals"
      values   = [data.aws_caller_identity.current.account_id]
      variable = "aws:SourceAccount"
    }
  }

  statement {
    sid       = "OnlyOverTls"
    actions   = ["sns:Publish"]
    effect    = "Deny"
    resources = [aws_sns_topic.alerts.arn]

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

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.alert_emails

  endpoint  = each.key
  protocol  = "email"
  topic_arn = aws_sns_topic.alerts.arn
}

resource "aws_sns_topic_subscription" "sms" {
  for_each = var.alert_phone_numbers

  endpoint  = each.key
  protocol  = "sms"
  topic_arn = aws_sns_topic.alerts.arn
}
