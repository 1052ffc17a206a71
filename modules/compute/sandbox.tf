# The sandbox payment provider: it moves no money. Its books are one SQLite file, so there is exactly one of it; a copy on
# each instance would capture an order twice and know nothing of the other. It is for development: if its instance is
# lost, so are its books, and `ticketing fsck` will say so.
resource "aws_instance" "payment_sandbox" {
  count = local.enable_sandbox ? 1 : 0

  #checkov:skip=CKV_AWS_126:Detailed monitoring of a machine that exists in dev only would cost more than the machine itself.
  ami                    = local.ami_id
  ebs_optimized          = true
  iam_instance_profile   = var.instance_profile_name
  instance_type          = local.architecture == "arm64" ? "t4g.micro" : "t3.micro"
  subnet_id              = var.private_subnet_ids[0]
  user_data_base64       = base64gzip(local.sandbox_user_data)
  vpc_security_group_ids = [var.app_security_group_id]

  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
  }

  root_block_device {
    encrypted   = true
    volume_size = 10
    volume_type = "gp3"
  }

  tags = { Name = "${var.name}-payment-sandbox" }

  lifecycle {
    # A new image or AMI must not throw the books away; `terraform apply -replace` does so on purpose.
    ignore_changes = [ami, user_data_base64]
  }
}

locals {
  sandbox_user_data = !local.enable_sandbox ? "" : templatefile("${path.module}/templates/sandbox.sh.tftpl", {
    image_uri      = local.image_uri
    log_group_name = var.log_group_name
    port           = local.sandbox_port
    prepare_script = file("${path.module}/files/ticketing-prepare")
    region         = var.aws_region
    secrets        = jsonencode({ for name, arn in var.secret_arns : name => arn if name == "TICKETING_PAYMENT_SECRET" })
  })
}
