# shellcheck shell=bash
# What deploy.sh and destroy.sh share. To be sourced with `set -euo pipefail`, in the root of the checkout.

: "${TERRAFORM:=terraform}"
readonly STARTED=$SECONDS
STEP_BEGAN=$SECONDS

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    BOLD=$'\e[1m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
    BOLD='' RED='' PLAIN=''
fi

# clock SECONDS: as 4m07s.
clock() { printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); }

say() { printf '    %s\n' "$*"; }

# step TEXT: the heading of what comes now, with the time since the start.
step() {
    STEP_BEGAN=$SECONDS
    printf '%s[%s] %s%s\n' "$BOLD" "$(clock $((SECONDS - STARTED)))" "$*" "$PLAIN"
}

# took: how long the step took.
took() { say "done in $(clock $((SECONDS - STEP_BEGAN)))"; }

# die TEXT...: the first line says what is wrong, the others what to do.
die() {
    printf '%serror: %s%s\n' "$RED" "$1" "$PLAIN" >&2
    shift
    (($# == 0)) || printf '       %s\n' "$@" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || die "there is no $1 on PATH" "$2"
}

# at_least WANTED FOUND: whether a version like 1.11.4 is not older than another.
at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

# check_tools: Terraform new enough, and the AWS CLI.
check_tools() {
    local version
    need "$TERRAFORM" "Install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"
    version=$("$TERRAFORM" version 2>/dev/null | sed -n 's/^Terraform v\([0-9.]*\).*/\1/p') || version=''
    [[ -n $version ]] || die "$TERRAFORM does not run" "Try: $TERRAFORM version"
    at_least 1.11 "$version" || die "Terraform $version is too old: 1.11 or newer is needed" \
        "It is the first that keeps passwords out of the state (write-only arguments)."
    need aws "Install the AWS CLI v2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
    need curl "Install curl."
}

# check_credentials: prints the account.
check_credentials() {
    local account
    account=$(aws sts get-caller-identity --query Account --output text 2>/dev/null) ||
        die "AWS does not know these credentials, or they have expired" "Run: aws configure (or aws sso login)"
    [[ $account =~ ^[0-9]{12}$ ]] || die "AWS answered with no account number: $account"
    printf '%s\n' "$account"
}

# check_values: terraform.tfvars is there and was filled in.
check_values() {
    if [[ ! -e terraform.tfvars && -z ${TF_VAR_db_password:-} ]]; then
        die "there is no terraform.tfvars" "cp terraform.tfvars.example terraform.tfvars, then set db_password in it"
    fi
    if grep -Eq '^[[:space:]]*db_password[[:space:]]*=[[:space:]]*"(YourSecurePassword123!|CHANGE.*)"' terraform.tfvars 2>/dev/null; then
        die "db_password in terraform.tfvars is still the example's, which everybody knows" "Set one of your own."
    fi
}

# init: providers, modules and the backend.
init() {
    "$TERRAFORM" init -input=false >"$WORK/init.log" 2>&1 || {
        cat "$WORK/init.log" >&2
        die "terraform init failed" "If it cannot install the provider: rm -rf .terraform and try again."
    }
}

# select_workspace ENVIRONMENT: dev or prod. Whoever began without workspaces has dev in `default` and stays there:
# a second dev beside it would want the same names.
select_workspace() {
    local now wanted=$1
    now=$("$TERRAFORM" workspace show)
    if [[ -n ${TF_WORKSPACE:-} && $TF_WORKSPACE != "$wanted" && ! ($wanted == dev && $TF_WORKSPACE == default) ]]; then
        die "TF_WORKSPACE is $TF_WORKSPACE, but --environment says $wanted" "unset TF_WORKSPACE, or say --environment $TF_WORKSPACE"
    fi
    [[ $now == "$wanted" ]] && return
    if [[ $wanted == dev && $now == default ]]; then
        return
    fi
    if [[ $wanted == dev ]] && [[ -n $(TF_WORKSPACE=default "$TERRAFORM" state list 2>/dev/null || true) ]]; then
        wanted=default
    fi
    "$TERRAFORM" workspace select -or-create "$wanted" >/dev/null
    say "workspace: $wanted (was $now)"
}

# value_files ENVIRONMENT: fills VALUES with -var-file options. terraform.tfvars is read by itself.
value_files() {
    VALUES=()
    [[ ! -e envs/$1.tfvars ]] || VALUES+=("-var-file=envs/$1.tfvars")
}

# output NAME: an output of the state, or nothing.
output() {
    local value
    value=$("$TERRAFORM" output -raw "$1" 2>/dev/null) || return 0
    printf '%s\n' "$value"
}

# confirm WORD TEXT: goes on only if the person types the word. Without a person, $YES has to be set.
confirm() {
    local typed
    [[ -n ${YES:-} ]] && return
    [[ -t 0 || -n ${TICKETING_ASSUME_TTY:-} ]] || die "nobody is there to ask: $2" "Run it in a terminal, or with --yes."
    printf '%s\n    Type %s%s%s to go on: ' "$2" "$BOLD" "$1" "$PLAIN"
    read -r typed || typed=''
    [[ $typed == "$1" ]] || die "not confirmed; nothing was changed"
}
