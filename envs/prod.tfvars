# Values of the prod workspace: terraform plan -var-file=envs/prod.tfvars
environment = "prod"

instance_type = "c5.large"

db_backup_retention_days = 14
db_instance_class        = "db.r5.large"
redis_node_type          = "cache.t3.medium"

# To be filled in before the first plan; the secrets belong into terraform.tfvars or the environment
# (TF_VAR_db_password, TF_VAR_payment_secret, TF_VAR_mail_password).
# aws_account_id = "123456789012"
# domain_name    = "tickets.example.com"
# zone_name      = "example.com"
# payment_url    = "https://pay.example.com"
# alert_emails   = ["ops@example.com"]
# mail_sender    = "tickets@example.com"
# mail_server    = { host = "email-smtp.ap-northeast-2.amazonaws.com", username = "AKIA…" }
# on_sale_times  = ["2030-05-01T11:00:00Z"]
