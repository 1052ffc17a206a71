# Four groups, one for each tier. Rules are resources of their own: rules inside a group would fight with these, and
# groups that name each other could never be deleted.

resource "aws_security_group" "alb" {
  #checkov:skip=CKV2_AWS_5:Attached by other modules, through outputs
  description = "Load balancer: HTTP(S) in, the application out"
  name_prefix = "${var.name}-alb-"
  vpc_id      = var.vpc_id

  tags = {
    Name = "${var.name}-alb"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "app" {
  #checkov:skip=CKV2_AWS_5:Attached by other modules, through outputs
  description = "Application: from the load balancer in, its stores and HTTPS out"
  name_prefix = "${var.name}-app-"
  vpc_id      = var.vpc_id

  tags = {
    Name = "${var.name}-app"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "database" {
  #checkov:skip=CKV2_AWS_5:Attached by other modules, through outputs
  description = "Aurora: from the application in, nothing out"
  name_prefix = "${var.name}-database-"
  vpc_id      = var.vpc_id

  tags = {
    Name = "${var.name}-database"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "cache" {
  #checkov:skip=CKV2_AWS_5:Attached by other modules, through outputs
  description = "Redis: from the application in, nothing out"
  name_prefix = "${var.name}-cache-"
  vpc_id      = var.vpc_id

  tags = {
    Name = "${var.name}-cache"
  }

  lifecycle {
    create_before_destroy = true
  }
}
