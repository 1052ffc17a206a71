# Two keys, since they have different readers: whoever may read logs must not thereby be able to read tickets.

resource "aws_kms_key" "this" {
  for_each = {
    data = "Stores of ${var.name}: Aurora, Redis, queues, secrets, tickets"
    logs = "Logs of ${var.name}: CloudWatch log groups and the audit trail"
  }

  deletion_window_in_days = var.key_deletion_days
  description             = each.value
  enable_key_rotation     = true

  tags = {
    Name = "${var.name}-${each.key}"
  }
}

resource "aws_kms_alias" "this" {
  for_each = aws_kms_key.this

  name          = "alias/${var.name}-${each.key}"
  target_key_id = each.value.key_id
}

data "aws_iam_policy_document" "account" {
  #checkov:skip=CKV_AWS_109:In the policy of a key "*" is that key; the account decides by IAM who may use it
  #checkov:skip=CKV_AWS_111:In the policy of a key "*" is that key; the account decides by IAM who may use it
  #checkov:skip=CKV_AWS_356:In the policy of a key "*" is that key; the account decides by IAM who may use it
  statement {
    sid       = "AccountDecidesByIam"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
      type        = "AWS"
    }
  }
}

data "aws_iam_policy_document" "logs" {
  source_policy_documents = [data.aws_iam_policy_document.account.json]

  statement {
    sid       = "CloudWatchLogs"
    actions   = ["kms:Decrypt*", "kms:DescribeKey", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      identifiers = ["logs.${local.region}.amazonaws.com"]
      type        = "Service"
    }

    condition {
      test     = "ArnLike"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:*"]
      variable = "kms:EncryptionContext:aws:logs:arn"
    }
  }

  statement {
    sid       = "CloudTrailEncrypts"
    actions   = ["kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      identifiers = ["cloudtrail.amazonaws.com"]
      type        = "Service"
    }

    condition {
      test     = "StringEquals"
      values   = [local.trail_arn]
      variable = "aws:SourceArn"
    }

    condition {
      test     = "StringLike"
      values   = ["arn:${local.partition}:cloudtrail:*:${local.account_id}:trail/*"]
      variable = "kms:EncryptionContext:aws:cloudtrail:arn"
    }
  }

  statement {
    sid       = "CloudTrailDescribes"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]

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

data "aws_iam_policy_document" "data" {
  source_policy_documents = [data.aws_iam_policy_document.account.json]

  # Alarms and events are published to an encrypted topic: without this they would vanish without a trace.
  statement {
    sid       = "PublishersToTheAlertsTopic"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

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
      values   = [local.account_id]
      variable = "aws:SourceAccount"
    }
  }
}

# Resources of their own: the rest of the stack may wait for a key's policy, not just for the key.
resource "aws_kms_key_policy" "this" {
  for_each = {
    data = data.aws_iam_policy_document.data.json
    logs = data.aws_iam_policy_document.logs.json
  }

  key_id = aws_kms_key.this[each.key].key_id
  policy = each.value
}
