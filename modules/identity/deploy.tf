locals {
  enable_deploy = var.github_repository != ""
  github_host   = "token.actions.githubusercontent.com"
  provider_arn  = var.github_oidc_provider_arn != null ? var.github_oidc_provider_arn : one(aws_iam_openid_connect_provider.github[*].arn)
}

# No key of AWS lies at GitHub: a run proves who it is with a token that GitHub signs.
resource "aws_iam_openid_connect_provider" "github" {
  count = local.enable_deploy && var.github_oidc_provider_arn == null ? 1 : 0

  client_id_list = ["sts.amazonaws.com"]
  url            = "https://${local.github_host}"
}

data "aws_iam_policy_document" "deploy_trust" {
  count = local.enable_deploy ? 1 : 0

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      identifiers = [local.provider_arn]
      type        = "Federated"
    }

    condition {
      test     = "StringEquals"
      values   = ["sts.amazonaws.com"]
      variable = "${local.github_host}:aud"
    }

    condition {
      test     = "StringEquals"
      values   = ["repo:${var.github_repository}:ref:refs/heads/${var.github_branch}"]
      variable = "${local.github_host}:sub"
    }
  }
}

# A release: the image, the pages, and a rolling refresh. The infrastructure itself is changed by people.
data "aws_iam_policy_document" "deploy" {
  count = local.enable_deploy ? 1 : 0

  statement {
    sid       = "SignInToEcr"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid = "PushImage"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [var.ecr_repository_arn]
  }

  statement {
    sid       = "PublishPages"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${var.web_bucket_arn}/*"]
  }

  statement {
    sid       = "ListPages"
    actions   = ["s3:ListBucket"]
    resources = [var.web_bucket_arn]
  }

  dynamic "statement" {
    for_each = length(var.distribution_arns) == 0 ? [] : [1]

    content {
      sid       = "DropCopies"
      actions   = ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]
      resources = var.distribution_arns
    }
  }

  statement {
    sid       = "RollInstances"
    actions   = ["autoscaling:CancelInstanceRefresh", "autoscaling:RollbackInstanceRefresh", "autoscaling:StartInstanceRefresh"]
    resources = ["arn:${local.partition}:autoscaling:${local.region}:${local.account_id}:autoScalingGroup:*:autoScalingGroupName/${var.name}-*"]
  }

  # Describing groups has no ARN to be limited to.
  statement {
    sid       = "WatchInstances"
    actions   = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeInstanceRefreshes", "elasticloadbalancing:DescribeTargetHealth"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "deploy" {
  count = local.enable_deploy ? 1 : 0

  assume_role_policy   = data.aws_iam_policy_document.deploy_trust[0].json
  description          = "Lets GitHub Actions of ${var.github_repository} release ${var.name}"
  max_session_duration = 3600
  name_prefix          = "${var.name}-deploy-"
}

resource "aws_iam_role_policy" "deploy" {
  count = local.enable_deploy ? 1 : 0

  name   = "release"
  policy = data.aws_iam_policy_document.deploy[0].json
  role   = aws_iam_role.deploy[0].id
}
