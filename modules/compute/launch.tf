locals {
  # Values that the boot script and the units need; whoever may describe the launch template may read them.
  environment = merge(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
      OTEL_RESOURCE_ATTRIBUTES    = "deployment.environment.name=${var.name}"
      TICKETING_AWS_REGION        = var.aws_region
      TICKETING_PAYMENT_URL       = local.payment_url
    },
    var.environment,
    { for name in keys(var.secret_arns) : "${name}_FILE" => "/run/ticketing/secrets/${name}" },
  )

  user_data_values = {
    agent_config = jsonencode(local.agent_config)
    app_port     = var.app_port
    asg_name     = local.asg_name
    # Of a name made before the repository, so that the sandbox's script does not depend on the launch template's.
    collector_config = var.collector_config
    connections      = floor(var.database_connections / var.asg_max_size)
    drain_script     = file("${path.module}/files/ticketing-drain")
    drain_seconds    = var.drain_seconds
    enable_tls       = var.enable_https_targets
    environment      = join("\n", [for name, value in local.environment : "${name}=${value}"])
    image_uri        = local.image_uri
    lifecycle_hook   = local.lifecycle_hook
    log_group_name   = var.log_group_name
    name             = var.name
    prepare_script   = file("${path.module}/files/ticketing-prepare")
    region           = var.aws_region
    secrets          = jsonencode(var.secret_arns)
    stop_seconds     = local.stop_seconds
  }

  user_data = templatefile("${path.module}/templates/user-data.sh.tftpl", local.user_data_values)

  agent_config = {
    agent = { metrics_collection_interval = 60, omit_hostname = true, region = var.aws_region, run_as_user = "root" }
    logs = { logs_collected = { files = { collect_list = [{
      file_path       = "/var/log/user-data.log"
      log_group_name  = var.boot_log_group_name
      log_stream_name = "{instance_id}"
    }] } } }
    metrics = {
      namespace              = "Ticketing"
      aggregation_dimensions = [["AutoScalingGroupName"]]
      metrics_collected = {
        mem  = { measurement = ["mem_used_percent"], append_dimensions = { AutoScalingGroupName = local.asg_name } }
        disk = { measurement = ["used_percent"], resources = ["/"], drop_device = true, append_dimensions = { AutoScalingGroupName = local.asg_name } }
      }
    }
  }
}

resource "aws_launch_template" "this" {
  name_prefix            = "${local.asg_name}-"
  description            = "Instances of ${var.name}: api, worker and telemetry collector from one image."
  ebs_optimized          = true
  image_id               = local.ami_id
  instance_type          = var.instance_type
  update_default_version = true
  user_data              = base64gzip(local.user_data)
  vpc_security_group_ids = [var.app_security_group_id]

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      delete_on_termination = true
      encrypted             = true
      volume_size           = var.root_volume_gb
      volume_type           = "gp3"
    }
  }

  iam_instance_profile {
    name = var.instance_profile_name
  }

  metadata_options {
    http_endpoint = "enabled"
    # Containers share the host's network, so one hop is enough, and nothing behind another hop gets credentials.
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
    instance_metadata_tags      = "disabled"
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "volume"
    tags          = merge(data.aws_default_tags.this.tags, { Name = "${var.name}-web-instance" })
  }

  tags = { Name = local.asg_name }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = length(base64gzip(local.user_data)) <= 21800
      error_message = "The boot script is larger than the 16 KB that EC2 takes, even compressed: shorten environment."
    }
    precondition {
      condition     = !(local.enable_sandbox && var.internal)
      error_message = "payment_url is not set: an environment that is not for development needs a real payment provider."
    }
  }
}

data "aws_default_tags" "this" {}

# An id, and not `resolve:ssm:` for each launch to look up: with that, Auto Scaling cannot roll a refresh back.
data "aws_ssm_parameter" "ami" {
  count = var.ami_id == null ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${local.architecture}"
}
