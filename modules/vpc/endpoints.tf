locals {
  endpoint_services = var.enable_nat_gateway ? toset([]) : var.endpoint_services
  endpoint_zones    = slice(var.availability_zones, 0, coalesce(var.endpoint_zone_count, length(var.availability_zones)))
}

# Layers of images and the packages of Amazon Linux come from S3: with this they cost nothing through NAT, and come
# without NAT as well.
resource "aws_vpc_endpoint" "s3" {
  route_table_ids   = [for table in aws_route_table.private : table.id]
  service_name      = "com.amazonaws.${data.aws_region.current.id}.s3"
  vpc_endpoint_type = "Gateway"
  vpc_id            = aws_vpc.this.id

  tags = {
    Name = "${var.name}-s3"
  }
}

# A fifth security group, only where there is no NAT: it belongs to the addresses of AWS's services in our subnets,
# which none of the four of the security module stands for.
resource "aws_security_group" "endpoints" {
  count = var.enable_nat_gateway ? 0 : 1

  description = "Interface endpoints: HTTPS from within the VPC"
  name_prefix = "${var.name}-endpoints-"
  vpc_id      = aws_vpc.this.id

  tags = {
    Name = "${var.name}-endpoints"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_https" {
  for_each = var.enable_nat_gateway ? {} : aws_subnet.private

  cidr_ipv4         = each.value.cidr_block
  description       = "HTTPS from the private subnet of ${each.key}"
  from_port         = 443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.endpoints[0].id
  to_port           = 443
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.endpoint_services

  private_dns_enabled = true
  security_group_ids  = [aws_security_group.endpoints[0].id]
  service_name        = "com.amazonaws.${data.aws_region.current.id}.${each.key}"
  subnet_ids          = [for zone in local.endpoint_zones : aws_subnet.private[zone].id]
  vpc_endpoint_type   = "Interface"
  vpc_id              = aws_vpc.this.id

  tags = {
    Name = "${var.name}-${each.key}"
  }
}
