data "aws_region" "current" {}

locals {
  # Blocks of a sixteenth of the VPC each: public 0 to 3, private 4 to 7, database 8 to 11, four left over. Tiers do
  # not move when a zone is appended.
  zones = { for index, zone in var.availability_zones : zone => index }

  nat_zones = var.enable_nat_gateway ? slice(
    var.availability_zones, 0, var.single_nat_gateway ? 1 : length(var.availability_zones)
  ) : []
}

resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = {
    Name = var.name
  }
}

# Nothing may use what AWS put there: a forgotten security group or route table must not mean "open".
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id

  tags = {
    Name = "${var.name}-default-locked"
  }
}

resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []

  tags = {
    Name = "${var.name}-default-locked"
  }
}

resource "aws_subnet" "public" {
  for_each = local.zones

  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.vpc_cidr, 4, each.value)
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.this.id

  tags = {
    Name = "${var.name}-public-${each.key}"
    Tier = "public"
  }
}

resource "aws_subnet" "private" {
  for_each = local.zones

  availability_zone = each.key
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, 4 + each.value)
  vpc_id            = aws_vpc.this.id

  tags = {
    Name = "${var.name}-private-${each.key}"
    Tier = "private"
  }
}

resource "aws_subnet" "database" {
  for_each = local.zones

  availability_zone = each.key
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, 8 + each.value)
  vpc_id            = aws_vpc.this.id

  tags = {
    Name = "${var.name}-database-${each.key}"
    Tier = "database"
  }
}
