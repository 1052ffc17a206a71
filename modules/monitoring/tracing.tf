resource "aws_xray_group" "this" {
  count = var.enable_xray ? 1 : 0

  group_name        = var.name
  filter_expression = "annotation.environment = \"${var.name}\""

  insights_configuration {
    insights_enabled      = true
    notifications_enabled = false
  }

  tags = { Name = var.name }
}

# Purchases are few and dear: each is traced. Looking at the plan is neither.
resource "aws_xray_sampling_rule" "this" {
  for_each = var.enable_xray ? {
    orders = { priority = 100, method = "POST", path = "/api/orders", fixed_rate = 1, reservoir = 50 }
    rest   = { priority = 9000, method = "*", path = "*", fixed_rate = var.trace_percent / 100, reservoir = 1 }
  } : {}

  # Names of sampling rules end at 32 characters.
  rule_name      = "${var.name}-${each.key}"
  priority       = each.value.priority
  version        = 1
  fixed_rate     = each.value.fixed_rate
  reservoir_size = each.value.reservoir
  host           = "*"
  http_method    = each.value.method
  url_path       = each.value.path
  resource_arn   = "*"
  service_name   = "ticketing-*"
  service_type   = "*"

  tags = { Name = "${var.name}-${each.key}" }
}
