#!/usr/bin/env bash
# Brings an environment to what this checkout says: infrastructure, application and web pages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

usage() {
    cat <<'TEXT'
Usage: scripts/deploy.sh [OPTION...]

Checks tools, credentials and values; builds and pushes the image; plans, shows and applies the plan; waits for the
rolling replacement of instances, which goes back by itself when the new ones fail; copies the web pages; and asks the
site whether it answers. If it does not, the image that ran before is put back.

  -e, --environment NAME  dev or prod. Default: the workspace that is selected (default counts as dev)
      --image URI         deploy this image, by digest, instead of building one
      --rollback          deploy the image that was pushed before the one that runs
      --plan-only         stop after showing the plan
      --bootstrap-state   first move the state to S3, encrypted and locked (scripts/bootstrap-state.sh)
      --no-web            leave the web pages in the bucket as they are
      --yes               do not ask, not even for prod: for CI
  -h, --help              show this

Environment: AWS_PROFILE and the like as for the AWS CLI; TERRAFORM names another program than terraform;
SMOKE_SECONDS (default 300) and REFRESH_SECONDS (default 3600) bound the waiting.
Exit codes: 0 deployed, 1 refused or failed (it says what and why), 2 wrong usage, 3 failed and rolled back.
TEXT
}

wrong() {
    printf 'deploy.sh: %s\nTry: scripts/deploy.sh --help\n' "$1" >&2
    exit 2
}

ENVIRONMENT='' IMAGE='' ROLLBACK='' PLAN_ONLY='' BOOTSTRAP='' WEB=1 YES=''
while (($# > 0)); do
    case $1 in
        -e | --environment | --image)
            (($# > 1)) || wrong "$1 wants a value"
            [[ $1 == --image ]] && IMAGE=$2 || ENVIRONMENT=$2
            shift
            ;;
        --rollback) ROLLBACK=1 ;;
        --plan-only) PLAN_ONLY=1 ;;
        --bootstrap-state) BOOTSTRAP=1 ;;
        --no-web) WEB='' ;;
        --yes) YES=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) wrong "unknown option $1" ;;
    esac
    shift
done
[[ -z $ENVIRONMENT || $ENVIRONMENT == dev || $ENVIRONMENT == prod ]] || wrong "--environment must be dev or prod"
[[ -z $IMAGE || $IMAGE =~ @sha256:[0-9a-f]{64}$ ]] || wrong "--image must name a digest (…@sha256:…): tags can change"
[[ -z $IMAGE || -z $ROLLBACK ]] || wrong "--image and --rollback exclude each other"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export TF_IN_AUTOMATION=1

preflight() {
    step "Checking tools, credentials and values"
    check_tools
    local account
    account=$(check_credentials)
    say "AWS account $account"
    check_values
    if [[ -n $BOOTSTRAP ]]; then
        scripts/bootstrap-state.sh
    fi
    init
    [[ -n $ENVIRONMENT ]] || ENVIRONMENT=$("$TERRAFORM" workspace show)
    [[ $ENVIRONMENT != default ]] || ENVIRONMENT=dev
    [[ $ENVIRONMENT == dev || $ENVIRONMENT == prod ]] ||
        die "the workspace is $ENVIRONMENT, which is neither dev nor prod" "Say which: --environment dev or --environment prod"
    if [[ $ENVIRONMENT == prod && ! -e backend_override.tf ]]; then
        die "prod keeps its state on this machine only: a lost disk would lose the way to manage what runs" \
            "Once: scripts/deploy.sh --environment prod --bootstrap-state"
    fi
    select_workspace "$ENVIRONMENT"
    value_files "$ENVIRONMENT"
    "$TERRAFORM" validate >"$WORK/validate.log" 2>&1 || {
        cat "$WORK/validate.log" >&2
        die "the configuration is not valid"
    }
    say "environment: $ENVIRONMENT"
    took
}

# version_tag: names what is built: the commit, and the moment where there are changes beside it.
version_tag() {
    local commit
    commit=$(git rev-parse --short=12 HEAD 2>/dev/null) || commit=''
    if [[ -n $commit && -z $(git status --porcelain 2>/dev/null) ]]; then
        printf '%s\n' "$commit"
    else
        printf '%s%s\n' "${commit:+$commit-}" "$(date -u +%Y%m%dT%H%M%SZ)"
    fi
}

# previous_image REPOSITORY REGION: the one pushed before the one that runs.
previous_image() {
    local repository=$1 region=$2 digest running=${RUNNING##*@} found=''
    # Newest first; what comes after the running one is the one before it.
    while read -r digest; do
        [[ -n $found ]] && {
            printf '%s@%s\n' "$repository" "$digest"
            return
        }
        [[ $digest != "$running" ]] || found=1
    done < <(aws ecr describe-images --region "$region" --repository-name "${repository#*/}" \
        --query 'reverse(sort_by(imageDetails,&imagePushedAt))[].[imageDigest]' --output text)
    die "there is no image before ${running:-the running one} in $repository"
}

choose_image() {
    local repository region
    RUNNING=$(output image_uri)
    repository=$(output ecr_repository_url)
    region=$(output aws_region)
    if [[ -n $ROLLBACK ]]; then
        step "Looking for the image before"
        [[ -n $repository ]] || die "nothing is deployed here yet, so there is nothing to go back to"
        IMAGE=$(previous_image "$repository" "$region")
        say "$IMAGE"
    elif [[ -z $IMAGE && -n $repository ]]; then
        step "Building and pushing the image"
        need docker "Install Docker, or give an image that exists: --image REGISTRY/NAME@sha256:…"
        IMAGE=$(AWS_REGION=$region IMAGE_REPOSITORY=$repository IMAGE_PLATFORM=$(platform) IMAGE_TAG=$(version_tag) \
            scripts/image.sh)
        say "$IMAGE"
        took
    elif [[ -z $IMAGE ]]; then
        # The repository is made by the very apply that follows: there Terraform calls scripts/image.sh itself.
        need docker "Install Docker, or give an image that exists: --image REGISTRY/NAME@sha256:…"
        docker info >/dev/null 2>&1 || die "the Docker daemon does not answer" "Start it, or give --image."
        say "first deployment: the image is built while applying"
    fi
    [[ -z $IMAGE ]] || VALUES+=("-var=image_uri=$IMAGE")
}

# platform: what the values of now ask for, which may be another than what runs.
platform() {
    local found
    found=$(printf 'module.compute.image_platform\n' | "$TERRAFORM" console ${VALUES[@]+"${VALUES[@]}"} 2>/dev/null | tr -d '"') || found=''
    [[ $found == linux/* ]] || found=$(output image_platform)
    printf '%s\n' "${found:-linux/amd64}"
}

plan() {
    local code=0 doomed
    step "Planning"
    "$TERRAFORM" plan -input=false -detailed-exitcode -lock-timeout=60s -out="$WORK/plan.tfplan" ${VALUES[@]+"${VALUES[@]}"} || code=$?
    ((code == 0 || code == 2)) || die "the plan failed: see above"
    CHANGES=$((code == 2))
    took
    doomed=$("$TERRAFORM" show -no-color "$WORK/plan.tfplan" |
        sed -n -E 's/^ *# (.*) (will be destroyed|must be replaced|is tainted, so must be replaced).*$/\1: \2/p')
    if [[ -n $doomed ]]; then
        printf '%s    These go away:%s\n' "$BOLD" "$PLAIN"
        while read -r line; do say "  $line"; done <<<"$doomed"
        if [[ $ENVIRONMENT == prod ]] && grep -Eq 'aws_rds_cluster\.|aws_elasticache_replication_group|aws_s3_bucket\.|aws_sqs_queue\.' <<<"$doomed"; then
            die "this plan would destroy what holds prod's data; it is not applied" \
                "If it is meant, apply it by hand: terraform plan -out=FILE, terraform apply FILE"
        fi
    fi
}

apply() {
    step "Applying"
    "$TERRAFORM" apply -input=false -lock-timeout=60s "$WORK/plan.tfplan" ||
        die "the apply failed: see above" "What was made is in the state: run the same command again once the cause is gone."
    took
}

# await_refresh: until the rolling replacement is over. 0 done or none, 1 gone back or failed.
await_refresh() {
    local group region line state percent shown='' until=$((SECONDS + ${REFRESH_SECONDS:-3600}))
    group=$(output asg_name)
    region=$(output aws_region)
    step "Replacing instances"
    while ((SECONDS < until)); do
        line=$(aws autoscaling describe-instance-refreshes --region "$region" --auto-scaling-group-name "$group" \
            --max-records 1 --query 'InstanceRefreshes[0].[Status,PercentageComplete]' --output text) || line='unknown 0'
        read -r state percent <<<"$line"
        case $state in
            None) say "nothing to replace" ; return 0 ;;
            Successful) took ; return 0 ;;
            Failed | Cancelled | RollbackSuccessful | RollbackFailed)
                say "the replacement ended as $state"
                return 1
                ;;
        esac
        [[ "$state $percent" == "$shown" ]] || say "[$(clock $((SECONDS - STARTED)))] $state ${percent/None/0} %"
        shown="$state $percent"
        sleep "${POLL_SECONDS:-15}"
    done
    say "the replacement is not over after $(clock "${REFRESH_SECONDS:-3600}")"
    return 1
}

# answers URL WORD: whether an address answers 200 with that word in it, within the time.
answers() {
    local until=$((SECONDS + ${SMOKE_SECONDS:-300}))
    while :; do
        if curl -fsSL --max-time 10 "$1" 2>"$WORK/curl.log" | grep -q "$2"; then
            say "$1 answers"
            return 0
        fi
        ((SECONDS < until)) || break
        sleep "${POLL_SECONDS:-15}"
    done
    say "$1 does not answer as it should: $(head -c 300 "$WORK/curl.log")"
    return 1
}

smoke() {
    local site
    site=$(output site_url)
    step "Asking the site"
    # In dev the load balancer itself is public; in prod the only way in is the site's own.
    if [[ $ENVIRONMENT == dev ]]; then
        answers "http://$(output alb_dns_name)/health" ok || return 1
    fi
    answers "$site/health" ok && answers "$site/" '<title' && took
}

sync_web() {
    local bucket distribution region image container
    bucket=$(output web_bucket)
    distribution=$(output distribution_id)
    image=$(output image_uri)
    region=$(output aws_region)
    [[ -n $WEB && -n $bucket && -n $distribution ]] || return 0
    step "Copying web pages to s3://$bucket"
    if ! command -v docker >/dev/null || ! docker info >/dev/null 2>&1; then
        say "left out: no Docker here to take them out of the image. The instances serve them meanwhile."
        return 0
    fi
    # The pages that were built into the image: what runs and what is shown are of one version.
    if [[ $image == *.dkr.ecr.* ]]; then
        aws ecr get-login-password --region "$region" |
            DOCKER_CONFIG=$WORK/docker docker login --username AWS --password-stdin "${image%%/*}" >/dev/null 2>&1
    fi
    container=$(DOCKER_CONFIG=$WORK/docker docker create --platform "$(output image_platform)" "$image")
    docker cp "$container:/srv/web" "$WORK/web" >/dev/null
    docker rm "$container" >/dev/null
    # First what pages refer to, then the pages. Old files under assets/ stay: a page that is open asks for them.
    aws s3 sync "$WORK/web/assets" "s3://$bucket/assets" --region "$region" --only-show-errors \
        --cache-control 'public, max-age=31536000, immutable'
    aws s3 sync "$WORK/web" "s3://$bucket" --region "$region" --only-show-errors --exclude 'assets/*' \
        --cache-control 'public, max-age=0, s-maxage=60, must-revalidate'
    aws cloudfront create-invalidation --distribution-id "$distribution" --paths '/*' \
        --query Invalidation.Id --output text >"$WORK/invalidation"
    say "invalidation $(<"$WORK/invalidation")"
    took
}

# go_back: the image that ran before, once more.
go_back() {
    if [[ -z $RUNNING || $RUNNING == "${IMAGE:-}" ]]; then
        die "the new version does not answer, and there is none before it to go back to" \
            "Look at: aws logs tail /$(output name)/boot --follow"
    fi
    step "Going back to $RUNNING"
    value_files "$ENVIRONMENT"
    "$TERRAFORM" apply -input=false -auto-approve -lock-timeout=60s ${VALUES[@]+"${VALUES[@]}"} "-var=image_uri=$RUNNING" >"$WORK/back.log" 2>&1 || {
        cat "$WORK/back.log" >&2
        die "going back failed as well" "By hand: scripts/deploy.sh --environment $ENVIRONMENT --image $RUNNING"
    }
    await_refresh || true
    printf '%serror: the new version did not answer; %s runs again%s\n' "$RED" "$RUNNING" "$PLAIN" >&2
    exit 3
}

main() {
    preflight
    choose_image
    plan
    if [[ -n $PLAN_ONLY ]]; then
        say "stopped after the plan, as asked"
        return
    fi
    if ((CHANGES)); then
        [[ $ENVIRONMENT != prod ]] || confirm prod "This changes prod."
        apply
    else
        say "nothing to change"
    fi
    if ! await_refresh || ! smoke; then
        go_back
    fi
    sync_web
    printf '%s[%s] Deployed %s: %s%s\n' "$BOLD" "$(clock $((SECONDS - STARTED)))" "$ENVIRONMENT" "$(output site_url)" "$PLAIN"
}

main
