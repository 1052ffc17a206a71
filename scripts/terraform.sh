#!/usr/bin/env bash
# Runs Terraform with the AWS provider that this machine already has, so that everything works without a network:
#
#     scripts/terraform.sh -chdir=modules/vpc init
#     scripts/terraform.sh --mirror          prints the folder of the mirror, and fails when there is none
#
# The mirror is a folder that holds registry.terraform.io/hashicorp/aws/VERSION/OS_ARCH/. It is looked for in
# $TERRAFORM_MIRROR, where Terraform itself looks, then all over the disk (once: the find is kept in .tools). Without
# one, Terraform downloads the provider as usual; REQUIRE_MIRROR=1 makes that an error instead.
# A configuration of one's own (TF_CLI_CONFIG_FILE naming a file that exists, or ~/.terraformrc) is left alone.
# $TERRAFORM names another program than `terraform`.
set -euo pipefail

readonly PROVIDER=registry.terraform.io/hashicorp/aws
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly kept=$root/.tools/terraform

say() { printf 'terraform.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# holds_provider FOLDER: has it any version of the provider, unpacked?
holds_provider() {
    [[ -d $1/$PROVIDER ]] || return 1
    [[ -n $(find -L "$1/$PROVIDER" -mindepth 3 -maxdepth 3 -type f -name 'terraform-provider-aws*' -print -quit) ]]
}

# search_disk: every folder of that name on this file system, but for working folders of Terraform itself.
search_disk() {
    find / -xdev \( -name proc -o -name sys -o -name .terraform \) -prune -o -type d -name registry.terraform.io -print \
        2>/dev/null || true
}

find_mirror() {
    local place
    if [[ -n ${TERRAFORM_MIRROR:-} ]]; then
        holds_provider "$TERRAFORM_MIRROR" || die "TERRAFORM_MIRROR=$TERRAFORM_MIRROR holds no $PROVIDER"
        printf '%s\n' "$TERRAFORM_MIRROR"
        return
    fi
    if [[ -r $kept/mirror ]]; then
        place=$(<"$kept/mirror")
        holds_provider "$place" && printf '%s\n' "$place" && return
    fi
    while IFS= read -r place; do
        place=${place%/registry.terraform.io}
        if holds_provider "$place"; then
            mkdir -p "$kept"
            write "$kept/mirror" "$place"
            printf '%s\n' "$place"
            return
        fi
    done < <(printf '%s\n' "${HOME:-/nowhere}/.terraform.d/plugins/registry.terraform.io"; search_disk)
    return 1
}

# write FILE TEXT: in one step, since several of us may run at once.
write() {
    local fresh
    fresh=$(mktemp "$1.XXXXXX")
    printf '%s\n' "$2" >"$fresh"
    mv -f "$fresh" "$1"
}

configure() {
    local mirror
    if [[ -n ${TF_CLI_CONFIG_FILE:-} && -r $TF_CLI_CONFIG_FILE ]]; then
        return
    fi
    # A name of a file that is not there makes Terraform warn at every run.
    unset TF_CLI_CONFIG_FILE
    if [[ -z ${TERRAFORM_MIRROR:-} && -r ${HOME:-/nowhere}/.terraformrc ]]; then
        return
    fi
    if mirror=$(find_mirror); then
        mkdir -p "$kept"
        write "$kept/cli.tfrc" "disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path    = \"$mirror\"
    include = [\"$PROVIDER\"]
  }
  direct {
    exclude = [\"$PROVIDER\"]
  }
}"
        export TF_CLI_CONFIG_FILE=$kept/cli.tfrc
    elif [[ -n ${TERRAFORM_MIRROR:-} || ${REQUIRE_MIRROR:-} == 1 ]]; then
        die "no copy of $PROVIDER on this machine; name the folder above registry.terraform.io in TERRAFORM_MIRROR"
    fi
}

if [[ ${1:-} == --mirror ]]; then
    find_mirror || die "no copy of $PROVIDER on this machine"
    exit
fi
program=${TERRAFORM:-terraform}
command -v "$program" >/dev/null || die "no $program on PATH: install Terraform 1.11 or newer, or name it in TERRAFORM"
configure
exec "$program" "$@"
