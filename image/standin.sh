#!/usr/bin/env bash
# image/standin.sh SUITE   make local images that stand in for docker's python:3.13-SUITE and python:3.13-slim-SUITE
#
# For machines that reach Debian's packages and no image registry. The same Debian by debootstrap, the same Python
# built as docker's is (a PIE with libpython beside it, below /usr/local), with less optimisation: no timing here says anything. Root needed.
# Makes localhost/standin:SUITE-build and localhost/standin:SUITE.
set -euo pipefail

suite=$1
# CPython's own archive as Debian carries it
release=trixie package=python3.13 archive=python3.13_3.13.5.orig.tar.xz
sha256=93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640
folder=${SEALED_LLM_CACHE:-$HOME/.cache/sealed-llm}/standin
# shellcheck disable=SC2016  # SITE is apt's
mirror=$(apt-get indextargets --format '$(SITE)' | head -1)
develop=gcc,g++,make,binutils,xz-utils,libffi-dev,libssl-dev,zlib1g-dev,libbz2-dev,liblzma-dev,libsqlite3-dev
case $suite in # what docker's slim image keeps of these
  bookworm) runtime=libffi8,libssl3,zlib1g,libbz2-1.0,liblzma5,libsqlite3-0 ;;
  bullseye) runtime=libffi7,libssl1.1,zlib1g,libbz2-1.0,liblzma5,libsqlite3-0 ;;
  *) echo "standin: error: no stand-in for $suite" >&2; exit 2 ;;
esac

fetch_python() {
  [ -f "$folder/$archive" ] && return
  local lists=$folder/lists
  mkdir -p "$lists"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main" >"$folder/sources.list"
  local options=(-o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$lists"
    -o APT::Sandbox::User=root)
  apt-get "${options[@]}" -qq update
  (cd "$folder" && apt-get "${options[@]}" -qq source --download-only "$package")
}

bootstrap() { # FOLDER PACKAGES
  [ -d "$1" ] && return
  rm -rf "$1.part"
  debootstrap --variant=minbase --include="ca-certificates,$2" "$suite" "$1.part" "$mirror" >"$1.log"
  rm -rf "$1.part"/var/cache/apt/archives/*.deb "$1.part"/var/lib/apt/lists/*
  mv "$1.part" "$1"
}

build_python() { # FOLDER
  [ -x "$1/usr/local/bin/python3.13" ] && return
  mkdir -p "$1/usr/src/python"
  tar -xJf "$folder/$archive" -C "$1/usr/src/python" --strip-components=1
  # shellcheck disable=SC2016  # for the shell inside
  chroot "$1" /bin/sh -ec 'cd /usr/src/python
    ./configure --enable-shared --enable-loadable-sqlite-extensions --with-ensurepip OPT="-DNDEBUG -O1"
    make -j"$(nproc)"
    make install
    ldconfig
    cd / && rm -rf /usr/src/python
    find /usr/local -depth \( -name test -o -name tests -o -name "*.pyc" -o -name "libpython*.a" \) -exec rm -rf {} +' >"$1.python.log" 2>&1
}

commit() { # FOLDER TAG
  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$1" / >&2
  buildah config --cmd python3 --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit --quiet --rm "$container" "$2" >&2
}

mkdir -p "$folder"
exec 9>"$folder/lock" # two at once would build in one folder; the kernel lets go of it whatever ends this
flock --nonblock 9 || { echo "standin: another process is making stand-ins; waiting for it" >&2; flock 9; }
fetch_python
echo "$sha256  $folder/$archive" | sha256sum --check --quiet
bootstrap "$folder/$suite-build" "$develop"
build_python "$folder/$suite-build"
bootstrap "$folder/$suite" "$runtime"
if [ ! -x "$folder/$suite/usr/local/bin/python3.13" ]; then
  cp -a "$folder/$suite-build/usr/local/." "$folder/$suite/usr/local/"
  chroot "$folder/$suite" /sbin/ldconfig
fi
# the build stage fetches wheels as this machine does
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$folder/$suite-build/etc/ssl/certs/ca-certificates.crt"
printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$folder/$suite-build/etc/pip.conf"
buildah inspect --type image "localhost/standin:$suite-build" >/dev/null 2>&1 || commit "$folder/$suite-build" "localhost/standin:$suite-build"
buildah inspect --type image "localhost/standin:$suite" >/dev/null 2>&1 || commit "$folder/$suite" "localhost/standin:$suite"
