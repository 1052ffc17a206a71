output "database_subnet_ids" {
  description = "Ids of the database subnets, in the order of availability_zones."
  value       = [for zone in var.availability_zones : aws_subnet.database[zone].id]
}

output "database_subnet_ids_by_zone" {
  description = "Zone → id of its database subnet."
  value       = { for zone, subnet in aws_subnet.database : zone => subnet.id }
}

output "endpoint_ids" {
  description = "Service → id of its interface endpoint. Empty where there is NAT."
  value       = { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.id }
}

output "flow_log_group_name" {
  description = "Log group of the flow logs, or null."
  value       = one(aws_cloudwatch_log_group.flow[*].name)
}

output "nat_gateway_ids" {
  description = "Zone → id of its NAT gateway. Empty without NAT."
  value       = { for zone, gateway in aws_nat_gateway.this : zone => gateway.id }
}

output "nat_public_ips" {
  description = "Addresses that the private subnets are seen from: tell them to a payment provider that admits by address."
  value       = [for address in aws_eip.nat : address.public_ip]
}

output "private_route_table_ids" {
  description = "Zone → id of its private route table."
  value       = { for zone, table in aws_route_table.private : zone => table.id }
}

# Those who run in the private subnets must wait until these lead somewhere.
output "private_subnet_ids" {
  description = "Ids of the private subnets, in the order of availability_zones."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].id]
  depends_on  = [aws_route.private_nat, aws_route_table_association.private, aws_vpc_endpoint.interface, aws_vpc_endpoint.s3]
}

output "private_subnet_ids_by_zone" {
  description = "Zone → id of its private subnet."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "public_subnet_ids" {
  description = "Ids of the public subnets, in the order of availability_zones."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].id]
  depends_on  = [aws_route.public_internet, aws_route_table_association.public]
}

output "public_subnet_ids_by_zone" {
  description = "Zone → id of its public subnet."
  value       = { for zone, subnet in aws_subnet.public : zone => subnet.id }
}

output "s3_prefix_list_id" {
  description = "Prefix list of S3 in this region, for rules that admit S3 alone."
  value       = aws_vpc_endpoint.s3.prefix_list_id
}

output "vpc_cidr" {
  description = "IPv4 block of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}
