# Values of the dev workspace: the defaults, said aloud. terraform plan -var-file=envs/dev.tfvars
environment = "dev"

instance_type = "t3.medium"

db_instance_class = "db.t3.medium"
redis_node_type   = "cache.t3.micro"

# What saves most, if nobody is trying the platform out (the README's cost section has the sums):
# single_nat_gateway   = true
# asg_min_size         = 1
# asg_desired_capacity = 1
# db_instance_count    = 1
# redis_num_nodes      = 1
