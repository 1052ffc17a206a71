data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
}

data "aws_iam_policy_document" "instance_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      identifiers = ["ec2.amazonaws.com"]
      type        = "Service"
    }
  }
}

resource "aws_iam_role" "instance" {
  assume_role_policy = data.aws_iam_policy_document.instance_trust.json
  description        = "What instances of ${var.name} may do"
  name_prefix        = "${var.name}-instance-"
}

resource "aws_iam_role_policy" "instance" {
  for_each = {
    boot = data.aws_iam_policy_document.boot.json
    sell = data.aws_iam_policy_document.sell.json
    tell = data.aws_iam_policy_document.tell.json
  }

  name   = each.key
  policy = each.value
  role   = aws_iam_role.instance.id
}

resource "aws_iam_instance_profile" "this" {
  name_prefix = "${var.name}-"
  role        = aws_iam_role.instance.name
}

# To start, and to leave: the image, the secrets, the lifecycle hook.
data "aws_iam_policy_document" "boot" {
  # The token is for the whole registry: ECR knows no narrower one. What can be pulled with it is said below.
  statement {
    sid       = "SignInToEcr"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [var.ecr_repository_arn]
  }

  statement {
    sid       = "ReadSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = concat([aws_secretsmanager_secret.keys.arn, aws_secretsmanager_secret.app.arn], var.secret_arns)
  }

  # By name: the group's ARN would make the group wait for itself.
  statement {
    sid       = "LeaveInPeace"
    actions   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
    resources = ["arn:${local.partition}:autoscaling:${local.region}:${local.account_id}:autoScalingGroup:*:autoScalingGroupName/${var.name}-*"]
  }
}

# The trade itself.
data "aws_iam_policy_document" "sell" {
  statement {
    sid = "WorkQueue"
    actions = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]
    resources = [var.queue_arn]
  }

  statement {
    sid = "DeadLetters"
    actions = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ListMessageMoveTasks",
      "sqs:ReceiveMessage",
      "sqs:StartMessageMoveTask",
    ]
    resources = [var.dead_letter_arn]
  }

  statement {
    sid       = "TicketFiles"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${var.tickets_bucket_arn}/*"]
  }

  # Without this, a file that is not there is "forbidden", which the application must take for an outage.
  statement {
    sid       = "LearnWhatIsMissing"
    actions   = ["s3:ListBucket"]
    resources = [var.tickets_bucket_arn]
  }

  statement {
    sid       = "StatusOfTheLine"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${var.web_bucket_arn}/status/*"]
  }

  statement {
    sid       = "Alerts"
    actions   = ["sns:Publish"]
    resources = [var.alerts_topic_arn]
  }

  statement {
    sid       = "KeyOfTheStores"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      values   = [for service in ["s3", "secretsmanager", "sns", "sqs"] : "${service}.${local.region}.amazonaws.com"]
      variable = "kms:ViaService"
    }
  }
}

# To be watched: logs, metrics, traces, and a shell for operators.
data "aws_iam_policy_document" "tell" {
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [for arn in var.log_group_arns : "${trimsuffix(arn, ":*")}:*"]
  }

  # CloudWatch metrics have no ARN; the namespace is the limit.
  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      values   = [var.metric_namespace]
      variable = "cloudwatch:namespace"
    }
  }

  # Nor do traces.
  statement {
    sid = "Traces"
    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.enable_session_manager ? [1] : []

    content {
      sid       = "SessionManagerAgent"
      actions   = ["ssm:UpdateInstanceInformation"]
      resources = ["arn:${local.partition}:ec2:${local.region}:${local.account_id}:instance/*"]
    }
  }

  # The channels of a session have no ARN.
  dynamic "statement" {
    for_each = var.enable_session_manager ? [1] : []

    content {
      sid = "SessionManagerChannels"
      actions = [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ]
      resources = ["*"]
    }
  }
}
