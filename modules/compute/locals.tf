locals {
  # Graviton families carry a g right after their generation: t4g, c7g, m8gd. The g of g4dn stands before it.
  architecture = can(regex("^[a-z]+[0-9]+g[a-z]*\\.", var.instance_type)) ? "arm64" : "x86_64"
  platform     = local.architecture == "arm64" ? "linux/arm64" : "linux/amd64"

  ami_id   = var.ami_id != null ? var.ami_id : nonsensitive(data.aws_ssm_parameter.ami[0].value)
  asg_name = "${var.name}-web"

  enable_sandbox = var.payment_url == null
  sandbox_port   = 9100
  payment_url    = local.enable_sandbox ? "http://${aws_instance.payment_sandbox[0].private_ip}:${local.sandbox_port}" : var.payment_url

  image_uri = var.image_uri != null ? var.image_uri : "${aws_ecr_repository.this.repository_url}@${data.aws_ecr_image.built[0].image_digest}"

  # The name of a version is made of what goes into it, so an unchanged checkout is neither built nor rolled out again.
  image_sources = sort(setunion(
    fileset(var.source_folder, "{src,migrations,docker}/**"),
    fileset(var.source_folder, "web/{src,public,dev}/**"),
    fileset(var.source_folder, "web/*.{html,json,ts}"),
    fileset(var.source_folder, "{Dockerfile,.dockerignore,pyproject.toml,requirements.txt,requirements-dev.txt,README.md,LICENSE}"),
    fileset(var.source_folder, "scripts/*.txt"),
  ))
  image_tag = var.image_uri != null ? "given" : substr(sha256(join("\n", [
    for path in local.image_sources : "${path} ${filesha256("${var.source_folder}/${path}")}" if !can(regex("__pycache__", path))
  ])), 0, 16)

  health_path = "/health/ready"
  protocol    = var.enable_https_targets ? "HTTPS" : "HTTP"

  # The rest of what an instance has in hand when it stops: uvicorn's 25 s for open requests, and some for Docker.
  stop_seconds = var.drain_seconds + 40

  on_sale_capacity = coalesce(var.on_sale_capacity, var.asg_max_size)
  # Three boots before the doors open: one to start, one for the load balancer's checks, one in reserve.
  on_sale_lead = "-${ceil(var.boot_seconds * 3 / 60)}m"
}
