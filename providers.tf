provider "aws" {
  allowed_account_ids = var.aws_account_id == null ? null : [var.aws_account_id]
  region              = var.aws_region

  default_tags {
    tags = local.tags
  }
}

# CloudFront takes certificates and web ACLs from this region alone.
provider "aws" {
  alias = "us_east_1"

  allowed_account_ids = var.aws_account_id == null ? null : [var.aws_account_id]
  region              = "us-east-1"

  default_tags {
    tags = local.tags
  }
}
