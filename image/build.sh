#!/usr/bin/env bash
# image/build.sh DOCKERFILE TAG [build options]   build an image with whichever of buildah, podman, docker is there
#
# Two builds of one commit give one digest with buildah and podman, and with docker's buildx on a store that keeps
# what it is told. What would vary and what holds it: times of files and of the image (--timestamp: the commit's),
# modes, .pyc files and pip's notes (dev/stage_image.py), paths inside llama.cpp (dev/build_engine.py).
# No cache of layers: buildah's would hand out layers with the times and the labels of an earlier commit.
# ENGINE=docker picks one. Both bases are taken by their digests alone, those in the file or in --build-arg BUILD_BASE=… BASE=…
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -ge 2 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
dockerfile=$1 tag=$2
shift 2

pinned() { # NAME [build options]   the base must be named by its digest, or be an image of this machine alone
  local name=$1 base
  base=$(sed -n "s/^ARG $name=//p" "$dockerfile")
  shift
  local option
  for option in "$@"; do
    option=${option#--build-arg=}
    [[ $option != "$name="* ]] || base=${option#*=}
  done
  [[ $base == localhost/* || $base =~ @sha256:[0-9a-f]{64}$ ]] && return
  echo "image: error: ${base:-$name of $dockerfile} is not named by its digest: what a tag points at changes" >&2
  echo "image: hint: --build-arg $name=NAME:TAG@sha256:…; docker buildx imagetools inspect NAME:TAG shows the digest" >&2
  exit 1
}
pinned BUILD_BASE "$@"
pinned BASE "$@"

for name in buildah podman docker; do
  [ -n "${ENGINE:-}" ] || ! command -v "$name" >/dev/null || ENGINE=$name
done
[ -n "${ENGINE:-}" ] || { echo "image: error: none of buildah, podman, docker is here" >&2; exit 1; }

epoch=$(git log -1 --format=%ct)
revision=$(git rev-parse HEAD)
[ -z "$(git status --porcelain)" ] || revision=$revision-dirty
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' app/__init__.py)
options=(--platform linux/amd64 --file "$dockerfile" --tag "$tag" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" "$@")

case $ENGINE in
  buildah | podman)
    "$ENGINE" build --format oci --layers --no-cache --timestamp "$epoch" "${options[@]}" . >&2
    "$ENGINE" inspect --type image --format "$([ "$ENGINE" = podman ] && echo '{{.Digest}}' || echo '{{.FromImageDigest}}')" "$tag"
    ;;
  docker)
    if docker buildx version >/dev/null 2>&1; then
      docker buildx build --no-cache --provenance=false --build-arg "SOURCE_DATE_EPOCH=$epoch" \
        --output type=docker,rewrite-timestamp=true "${options[@]}" . >&2
    else
      echo "image: note: docker's classic builder keeps the times of the build; only the content is reproducible" >&2
      DOCKER_BUILDKIT=0 docker build --no-cache "${options[@]}" . >&2
    fi
    docker image inspect -f '{{.Id}}' "$tag"
    ;;
  *) echo "image: error: ENGINE is buildah, podman or docker" >&2; exit 2 ;;
esac
