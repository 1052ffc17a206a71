resource "aws_ecr_repository" "this" {
  #checkov:skip=CKV_AWS_136:Encrypted with the AES-256 key of ECR: images hold no secret, and a key of one's own would have to admit the Auto Scaling role.
  name = var.name
  # Instances pull by digest; a tag that could move would still mislead whoever reads it.
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.ecr_force_delete

  encryption_configuration {
    encryption_type = "AES256"
  }

  image_scanning_configuration {
    scan_on_push = true
  }

  tags = { Name = var.name }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Layers that no tag names any more"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "The last thirty versions, to roll back to"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 30 }
        action       = { type = "expire" }
      },
    ]
  })
}

# The way of `terraform apply` alone: the image is built and pushed from here when none is given.
resource "terraform_data" "image" {
  count = var.image_uri == null ? 1 : 0

  triggers_replace = [local.image_tag, local.platform, aws_ecr_repository.this.repository_url]

  provisioner "local-exec" {
    command     = "scripts/image.sh"
    working_dir = var.source_folder

    environment = {
      AWS_REGION       = var.aws_region
      IMAGE_PLATFORM   = local.platform
      IMAGE_REPOSITORY = aws_ecr_repository.this.repository_url
      IMAGE_TAG        = local.image_tag
    }
  }
}

data "aws_ecr_image" "built" {
  count = var.image_uri == null ? 1 : 0

  repository_name = aws_ecr_repository.this.name
  image_tag       = local.image_tag

  depends_on = [terraform_data.image]
}
