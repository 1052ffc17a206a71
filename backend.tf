# A newcomer's `terraform init` needs no bucket: the state is a file beside this one. For a team, one command moves it
# to S3, encrypted and locked: scripts/bootstrap-state.sh. It writes backend_override.tf, which replaces this block.
terraform {
  backend "local" {}
}
