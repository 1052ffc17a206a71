#!/usr/bin/env bash
# Moves Terraform's state to S3, encrypted and locked: one command, and the same one on each further machine.
#
#     scripts/bootstrap-state.sh [--project NAME] [--region REGION]
#
# The first time it makes a bucket and a key (bootstrap/), copies the state that lies here into the bucket, and writes
# backend_override.tf, which replaces the local backend of backend.tf. Where the bucket exists already, it only writes
# that file. It never overwrites a state in the bucket: with a state at both places it stops.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

usage() { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

PROJECT=ticketing
REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-ap-northeast-2}}
while (($# > 0)); do
    case $1 in
        --project) PROJECT=${2:?--project needs a name}; shift ;;
        --region) REGION=${2:?--region needs a region}; shift ;;
        -h | --help) usage; exit 0 ;;
        *) die "unknown option $1" "See: scripts/bootstrap-state.sh --help" ;;
    esac
    shift
done
[[ $PROJECT =~ ^[a-z][a-z0-9-]{1,17}[a-z0-9]$ ]] || die "--project $PROJECT: 3 to 19 small letters, digits and hyphens"
[[ $REGION =~ ^[a-z]{2}(-[a-z]+)+-[0-9]$ ]] || die "--region $REGION is not a region such as ap-northeast-2"

export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# write_backend FILE KEY: the override that puts a configuration's state into the bucket.
write_backend() {
    cat >"$1" <<EOF
# Written by scripts/bootstrap-state.sh. It replaces the backend of backend.tf; Git ignores it.
terraform {
  backend "s3" {
    bucket               = "$BUCKET"
    encrypt              = true
    key                  = "$2"
    kms_key_id           = "$KEY_ARN"
    region               = "$REGION"
    use_lockfile         = true
    workspace_key_prefix = "env"
  }
}
EOF
}

# tf FOLDER ARGUMENTS...: runs Terraform, and shows what it said only when it failed. The file $UNDO, if any, is then
# taken away again: with it, the next run would believe that the state has moved.
UNDO=''
tf() {
    local folder=$1
    shift
    "$TERRAFORM" -chdir="$folder" "$@" >"$WORK/terraform.log" 2>&1 || {
        cat "$WORK/terraform.log" >&2
        [[ -z $UNDO ]] || rm -f "$UNDO"
        die "terraform $1 in $folder failed" "Nothing is lost: mend what it says, and run this again."
    }
}

bucket_exists() {
    aws s3api head-bucket --bucket "$BUCKET" --expected-bucket-owner "$ACCOUNT" --region "$REGION" >/dev/null 2>&1
}

# holds_resources FILES...: is there a state with anything in it among them?
holds_resources() { grep -qs '"mode": "managed"' "$@"; }

# local_state: does a state with anything in it lie here, in any workspace?
local_state() { holds_resources terraform.tfstate terraform.tfstate.d/*/terraform.tfstate; }

# remote_state: does a state of the root lie in the bucket?
remote_state() {
    local keys
    keys=$(aws s3api list-objects-v2 --bucket "$BUCKET" --region "$REGION" --query 'Contents[].Key' --output text)
    grep -Eq '(^|[[:space:]])(terraform\.tfstate|env/[^[:space:]]+/terraform\.tfstate)($|[[:space:]])' <<<"$keys"
}

make_bucket() {
    local values=(-var "project_name=$PROJECT" -var "aws_region=$REGION")
    step "Making the bucket $BUCKET and its key"
    rm -f bootstrap/backend_override.tf
    tf bootstrap init -input=false -reconfigure
    tf bootstrap apply -input=false -auto-approve "${values[@]}"
    KEY_ARN=$("$TERRAFORM" -chdir=bootstrap output -raw kms_key_arn)
    write_backend bootstrap/backend_override.tf bootstrap/terraform.tfstate
    tf bootstrap init -input=false -migrate-state -force-copy
    rm -f bootstrap/terraform.tfstate bootstrap/terraform.tfstate.backup
    took
}

# The key is what the bucket encrypts with: the bucket knows it.
find_key() {
    KEY_ARN=$(aws s3api get-bucket-encryption --bucket "$BUCKET" --region "$REGION" --output text \
        --query 'ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID')
    [[ $KEY_ARN == arn:*:kms:* ]] || die "bucket $BUCKET exists, but is not encrypted with a key of ours" \
        "It was not made by this script, or the run that made it failed half-way: see bootstrap/README.md"
}

# An earlier run that ended between the apply and the move of its own state goes on from there.
unfinished() { holds_resources bootstrap/terraform.tfstate; }

step "Checking tools and credentials"
check_tools
ACCOUNT=$(check_credentials)
BUCKET=$PROJECT-tfstate-$ACCOUNT-$REGION
say "account $ACCOUNT, region $REGION"

if unfinished || ! bucket_exists; then
    make_bucket
else
    say "bucket $BUCKET exists"
    find_key
fi

step "Moving the state of the platform"
if [[ ! -e backend_override.tf ]] && local_state && remote_state; then
    die "there is a state here and another one in $BUCKET" \
        "Somebody else has moved theirs. If yours is the one to give up, take terraform.tfstate* away and run this again."
fi
if [[ -e backend_override.tf ]] || ! local_state; then
    write_backend backend_override.tf terraform.tfstate
    tf . init -input=false -reconfigure
    say "nothing to move"
else
    UNDO=backend_override.tf
    write_backend "$UNDO" terraform.tfstate
    tf . init -input=false -migrate-state -force-copy
    UNDO=''
    say "moved; the files terraform.tfstate* here are copies that you may delete"
fi
took
say "Each further machine: scripts/bootstrap-state.sh --project $PROJECT --region $REGION"
