#!/usr/bin/env bash
# Deletes an environment, and says what stays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

usage() {
    cat <<'TEXT'
Usage: scripts/destroy.sh [OPTION...]

Deletes everything that Terraform made in an environment, after showing it and asking. dev goes without a trace but for
what is listed at the end. prod is protected: it has to be named, unlocked in its values, and confirmed by its name.

  -e, --environment NAME  dev or prod. Default: dev, and never prod
      --plan-only         show what would go, and stop
      --yes               do not ask: for dev only
  -h, --help              show this

Environment: AWS_PROFILE and the like as for the AWS CLI; TERRAFORM names another program than terraform.
Exit codes: 0 destroyed, 1 refused or failed, 2 wrong usage.
TEXT
}

wrong() {
    printf 'destroy.sh: %s\nTry: scripts/destroy.sh --help\n' "$1" >&2
    exit 2
}

ENVIRONMENT=dev PLAN_ONLY='' YES=''
while (($# > 0)); do
    case $1 in
        -e | --environment)
            (($# > 1)) || wrong "$1 wants a value"
            ENVIRONMENT=$2
            shift
            ;;
        --plan-only) PLAN_ONLY=1 ;;
        --yes) YES=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) wrong "unknown option $1" ;;
    esac
    shift
done
[[ $ENVIRONMENT == dev || $ENVIRONMENT == prod ]] || wrong "--environment must be dev or prod"
[[ $ENVIRONMENT != prod || -z $YES ]] || wrong "--yes is for dev: prod is destroyed by a person or not at all"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export TF_IN_AUTOMATION=1

# locked: whether prod's own protection is still on, by what was applied last.
locked() {
    "$TERRAFORM" state pull 2>/dev/null | grep -Eq '"(deletion_protection|enable_deletion_protection)": *true'
}

preflight() {
    step "Checking tools, credentials and the workspace"
    check_tools
    local account
    account=$(check_credentials)
    say "AWS account $account"
    init
    select_workspace "$ENVIRONMENT"
    value_files "$ENVIRONMENT"
    if [[ -z $("$TERRAFORM" state list 2>/dev/null) ]]; then
        say "nothing is deployed in $ENVIRONMENT: there is nothing to destroy"
        exit 0
    fi
    if [[ $ENVIRONMENT == prod ]] && locked; then
        die "prod is protected against deletion" \
            "To lift that: set deletion_protection = false in envs/prod.tfvars, scripts/deploy.sh --environment prod," \
            "and run this again. Aurora takes a final snapshot; what else stays is told before you are asked."
    fi
    took
}

# kept: what no destroy removes.
kept() {
    printf '%s    What stays:%s\n' "$BOLD" "$PLAIN"
    if [[ $ENVIRONMENT == prod ]]; then
        say "- the final snapshot of Aurora, and its automatic backups until they run out"
        say "- buckets that are not empty and images in ECR: destroying stops there; empty them by hand if that is meant"
        say "- secrets, for 30 days (aws secretsmanager restore-secret)"
        say "- encryption keys, for 30 days (aws kms cancel-key-deletion): without them no snapshot can be read"
    else
        say "- encryption keys, for 7 days (aws kms cancel-key-deletion); they cost nothing while they wait"
        say "- nothing of the database: dev takes no final snapshot"
    fi
    say "- the state's own bucket and key, if scripts/bootstrap-state.sh made them; they serve both environments"
    say "- log groups that AWS services made by themselves, and mail and SMS subscriptions that were never confirmed"
}

plan() {
    step "Planning"
    "$TERRAFORM" plan -destroy -input=false -lock-timeout=60s -out="$WORK/plan.tfplan" ${VALUES[@]+"${VALUES[@]}"} >"$WORK/plan.log" 2>&1 || {
        cat "$WORK/plan.log" >&2
        die "the plan failed"
    }
    grep -E '^ *# .* will be destroyed|^Plan:' "$WORK/plan.log" || true
    took
}

preflight
plan
kept
if [[ -n $PLAN_ONLY ]]; then
    say "stopped after the plan, as asked"
    exit 0
fi
confirm "$([[ $ENVIRONMENT == prod ]] && printf 'destroy prod' || printf 'dev')" "All of this goes, with all data in it."
step "Destroying"
"$TERRAFORM" apply -input=false -lock-timeout=60s "$WORK/plan.tfplan" ||
    die "not everything could be destroyed: see above" "Run the same command again once the cause is gone; what is gone stays gone."
left=$("$TERRAFORM" state list 2>/dev/null | grep -v '^data\.' | grep -vc '\.data\.' || true)
((${left:-0} == 0)) || die "$left resources are left in the state" "See: terraform state list"
took
printf '%s[%s] Destroyed %s%s\n' "$BOLD" "$(clock $((SECONDS - STARTED)))" "$ENVIRONMENT" "$PLAIN"
kept
