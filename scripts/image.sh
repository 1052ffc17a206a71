#!/usr/bin/env bash
# Builds the container image of this checkout and pushes it to the registry, once for each tag; prints the image by
# digest. Terraform calls it where no image_uri is given, and scripts/deploy.sh calls it before planning.
#
#   IMAGE_REPOSITORY   where to push, e.g. 123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/ticketing-dev
#   IMAGE_TAG          name of this version
#   IMAGE_PLATFORM     linux/amd64 or linux/arm64: what the instances are
#   AWS_REGION         of the repository
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'image: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

: "${IMAGE_REPOSITORY:?}" "${IMAGE_TAG:?}" "${IMAGE_PLATFORM:?}" "${AWS_REGION:?}"
readonly name=${IMAGE_REPOSITORY#*/} registry=${IMAGE_REPOSITORY%%/*}

digest() {
    aws ecr describe-images --region "$AWS_REGION" --repository-name "$name" --image-ids "imageTag=$IMAGE_TAG" \
        --query 'imageDetails[0].imageDigest' --output text 2>/dev/null
}

show() { printf '%s@%s\n' "$IMAGE_REPOSITORY" "$1"; }

if found=$(digest) && [[ $found == sha256:* ]]; then
    say "$IMAGE_TAG is there already"
    show "$found"
    exit 0
fi
command -v docker >/dev/null ||
    die "no docker on PATH. Install it, or build elsewhere and set image_uri in terraform.tfvars"
docker info >/dev/null 2>&1 || die "the Docker daemon does not answer. Start it, or set image_uri in terraform.tfvars"

say "building $IMAGE_TAG for $IMAGE_PLATFORM"
docker build --platform "$IMAGE_PLATFORM" --tag "$IMAGE_REPOSITORY:$IMAGE_TAG" . >&2

# The registry's password is kept for the length of this push, not in the user's own configuration. The daemon that
# was spoken to so far is spoken to further: a context of the user's would be forgotten with that configuration.
DOCKER_HOST=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)}
[[ -n $DOCKER_HOST ]] && export DOCKER_HOST
DOCKER_CONFIG=$(mktemp -d)
export DOCKER_CONFIG
trap 'rm -rf "$DOCKER_CONFIG"' EXIT
aws ecr get-login-password --region "$AWS_REGION" |
    docker login --username AWS --password-stdin "$registry" >&2
say "pushing"
docker push --quiet "$IMAGE_REPOSITORY:$IMAGE_TAG" >&2

found=$(digest) && [[ $found == sha256:* ]] || die "pushed, but the registry does not show $IMAGE_TAG"
show "$found"
