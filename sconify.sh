#!/usr/bin/env bash
# sconify.sh production FROM TO [KEY]   sign for production: RSA-3072, exponent 3, default enclave-key.pem
# sconify.sh debug FROM TO              unsigned: runs with an SMS that tolerates debug mode, and nowhere else
#
# Turns image FROM (built from Dockerfile.scone) into the SCONE image TO, pushes it, and writes what the chain needs
# into examples/deploy/scone/iexec.json: multiaddr, checksum, mrenclave. Needs docker, openssl, python3, the right to pull
# SCONE's sconifier (ask info@scontain.com and scone-access@iex.ec), and its digest in SCONIFIER_DIGEST: sha256:...
# Facts behind the checks: docs/explanation/enclaves.md, "Signing".
set -euo pipefail

# Everything that enters MRENCLAVE besides the image's own files; each stands here once. The heap stands in
# iexec.json, because the worker starts the enclave with SCONE_HEAP=<heapSize of the app on chain>; the
# binary is the first word of the image's entrypoint, because that is what the session will start.
readonly SCONIFIER_TAG=5.9.2-v16
readonly STACK=4M
readonly DLOPEN=1                   # measured libraries only; 2 is for debugging
# what Dockerfile.scone is built on; the digest as docker-library/repo-info lists it, repos/debian/remote/ at 05f354f0
readonly RUNTIME=debian:bullseye-slim@sha256:f313b4bd62667092a59b3a664d7d3ab8b5e65f41675f48e81455a15dc5abe792
readonly FOLDER=/app
readonly FROM_HOST=(/etc/hosts /etc/resolv.conf)

readonly LIBC="glibc 2.31"           # the one that SCONE 5.9 stands in for
readonly SCONIFIER=registry.scontain.com/scone-production/iexec-sconify-image:$SCONIFIER_TAG
readonly MOST_HEAP=$((8 * 1024 ** 3)) # worker.tee-compute-max-heap-size-gb
JSON=$(dirname "$0")/examples/deploy/scone/iexec.json
readonly JSON

die() {
  echo "sconify: error: $1" >&2
  shift
  local hint
  for hint in "$@"; do echo "sconify: hint: $hint" >&2; done
  exit 1
}

# Five causes look the same on a worker, where all that is said is that the DCAP quote was refused.
readonly DCAP=(
  "DCAP 1, debug enclave: signed without --scone-signer; a production CAS refuses it whatever the image says, for the session is the SMS's"
  "DCAP 2, drift: heap, stack or dlopen differ from what was signed; the runtime then signs anew as debug. heapSize on chain must be the heap of the build"
  "DCAP 3, other binary: what the entrypoint starts is not the file that was signed (a symlink beside it, say)"
  "DCAP 4, other CAS: a debug image needs the debug SMS and the debug pool together; 'UnknownIssuer' means a SCONE version that the CAS does not know"
  "DCAP 5, platform: the worker's microcode is behind an SGX advisory that the SMS does not ignore; nothing in the image helps"
)

version_of() { # of the SCONE runtime as mrenclave.version wants it
  case $1 in
    5.9.*) echo v5.9 ;;
    5.7.*) echo v5 ;;
    *) die "no mrenclave version is known for sconifier $1" "5.7 is v5, 5.9 is v5.9; a CAS knows its own versions only" ;;
  esac
}

check_sconifier() { # it gets the docker socket and the signing key: a tag, which anyone at its registry can move, is not enough
  [[ ${SCONIFIER_DIGEST:-} =~ ^sha256:[0-9a-f]{64}$ ]] || die "SCONIFIER_DIGEST does not say which sconifier: sha256: and 64 hex digits" \
    "docker pull $SCONIFIER; docker image inspect -f '{{index .RepoDigests 0}}' $SCONIFIER ends in it" \
    "compare it with what info@scontain.com says it is, note it, and use it from then on: export SCONIFIER_DIGEST=sha256:…"
}

check_key() { # KEY
  [ -f "$1" ] || die "there is no signing key $1" "openssl genrsa -3 -out $1 3072; keep it offline, never in git" "${DCAP[0]}"
  local text
  text=$(openssl rsa -in "$1" -noout -text -passin pass: 2>/dev/null) ||
    die "$1 is no RSA private key without a passphrase" "openssl genrsa -3 -out $1 3072"
  grep -q '^ *\(RSA \)\?Private-Key: (3072 bit' <<<"$text" || die "$1 has not 3072 bits" "SGX signs with RSA-3072 only"
  grep -q '^publicExponent: 3 ' <<<"$text" || die "the exponent of $1 is not 3" "openssl genrsa -3: SGX signs with exponent 3 only"
}

check_heap() { # BYTES
  [[ $1 =~ ^[1-9][0-9]{0,12}$ ]] || die "app.mrenclave.heapSize in $JSON is no number of bytes"
  [ $(($1 % 4096)) -eq 0 ] || die "heapSize $1 is not a multiple of 4096" "SGX counts in pages"
  [ "$1" -le "$MOST_HEAP" ] || die "heapSize $1 is over 8 GiB" "the worker refuses more (tee-compute-max-heap-size-gb)"
}

check_target() { # TO
  local name=${1##*/}
  [[ $name == *:* && $1 != *@* ]] || die "the target needs a tag and no digest, like user/name:1.2.3" "workers pull what multiaddr names"
  [[ $name != *:latest ]] || die "the target's tag is latest" "a tag that moves makes the checksum on chain wrong"
}

entrypoint_of() { # IMAGE; its words, one a line
  docker image inspect -f '{{json .Config.Entrypoint}}' "$1" | python3 -c '
import json, re, sys
words = json.load(sys.stdin)
good = isinstance(words, list) and words and words[0].startswith("/") and not re.search("/(sh|bash|dash|env)$", words[0])
if not good or any(not re.fullmatch(r"[A-Za-z0-9_./=-]+", word) for word in words):
    sys.exit(1)
print(*words, sep="\n")' || die "the entrypoint of $1 is not the exec form of an absolute binary and plain words" \
    "the session joins the words to one string, knows no PATH and no shell"
}

check_binary() { # IMAGE BINARY; the interpreter reads its own header
  local said
  said=$(docker run --rm --network none --entrypoint "$2" "$1" -I -c '
import os, sys
path = sys.argv[1]
form = "symlink" if os.path.islink(path) else {2: "fixed", 3: "pie"}.get(open(path, "rb").read(18)[16], "other")
print(form, os.confstr("CS_GNU_LIBC_VERSION"))' "$2") ||
    die "$2 does not start in $1" "is $1 built from Dockerfile.scone?"
  case $said in
    "pie $LIBC") ;;
    pie*) die "the C library of $1 is not $LIBC" "build it from Dockerfile.scone; Dockerfile is for TDX" ;;
    symlink*) die "$2 is a symbolic link" "name the real file in ENTRYPOINT" "${DCAP[2]}" ;;
    *) die "$2 is not a position-independent executable" "SCONE's binary file system needs a PIE; docker's own python is one, Debian's is not" ;;
  esac
}

fingerprint() { # [more options of docker run]; without -t: a terminal would add a carriage return
  docker run --rm "$@" -e SCONE_HASH=1 "$TO"
}

check_fingerprint() { # HEX
  [[ $1 =~ ^[0-9a-f]{64}$ ]] || die "SCONE_HASH=1 gave no fingerprint of 64 hex digits" \
    "is $TO a SCONE image? see what docker run --rm -e SCONE_HASH=1 $TO says"
}

pushed_digest() { # IMAGE; the digest under which the registry has it
  local repository=${1%:*} digests
  docker push --quiet "$1" >/dev/null || die "$1 could not be pushed" "docker login; workers pull it from there"
  digests=$(docker image inspect -f '{{join .RepoDigests "\n"}}' "$1")
  grep -m1 -x "\(docker.io/\)\?${repository#docker.io/}@sha256:[0-9a-f]\{64\}" <<<"$digests" | sed 's/.*@sha256://' ||
    die "the registry gave no digest for $1" "docker image inspect -f '{{.RepoDigests}}' $1"
}

write_json() { # CHECKSUM VERSION ENTRYPOINT HEAP FINGERPRINT
  MULTIADDR=$TO python3 - "$JSON" "$@" <<'PYTHON'
import json, os, pathlib, sys

path, checksum, version, entrypoint, heap, fingerprint = sys.argv[1:]
file = pathlib.Path(path)
text = json.loads(file.read_text())
name = os.environ["MULTIADDR"]
has_host = "." in name.split("/")[0] or ":" in name.split("/")[0]
text["app"]["multiaddr"] = name if has_host else "docker.io/" + name
text["app"]["checksum"] = "0x" + checksum
text["app"]["mrenclave"] = {
    "framework": "SCONE",
    "version": version,
    "entrypoint": entrypoint,
    "heapSize": int(heap),
    "fingerprint": fingerprint,
}
made = file.with_suffix(".tmp")
made.write_text(json.dumps(text, indent=2, ensure_ascii=False) + "\n")
made.replace(file)
PYTHON
}

usage() {
  sed -n '2,/^#$/s/^# //p' "$0" >&2
  exit 2
}

[ $# -ge 3 ] || usage
readonly MODE=$1 FROM=$2 TO=$3
case $MODE:$# in production:[34] | debug:3) ;; *) usage ;; esac

VERSION=$(version_of "$SCONIFIER_TAG")
check_sconifier
check_target "$TO"
HEAP=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["app"]["mrenclave"]["heapSize"])' "$JSON" 2>/dev/null) ||
  die "$JSON has no app.mrenclave.heapSize" "it says how much heap the enclave is built with and started with"
check_heap "$HEAP"
sign=()
mounts=(-v /var/run/docker.sock:/var/run/docker.sock)
if [ "$MODE" = production ]; then
  KEY=$(realpath -m "${4:-enclave-key.pem}")
  check_key "$KEY"
  mounts+=(-v "$KEY:/sig/enclave-key.pem:ro")
  sign=(--scone-signer=/sig/enclave-key.pem)
fi
platform=$(docker image inspect -f '{{.Os}}/{{.Architecture}}' "$FROM") || die "there is no image $FROM here" "make image DOCKERFILE=Dockerfile.scone TAG=$FROM"
[ "$platform" = linux/amd64 ] || die "$FROM is for $platform" "SGX is x86: docker build --platform linux/amd64"
mapfile -t words < <(entrypoint_of "$FROM")
wait $! || exit 1
check_binary "$FROM" "${words[0]}"

host_paths=("${FROM_HOST[@]/#/--host-path=}")
docker run --rm "${mounts[@]}" "$SCONIFIER@$SCONIFIER_DIGEST" sconify_iexec --from="$FROM" --to="$TO" --base="$RUNTIME" \
  --binary-fs --fs-dir="$FOLDER" "${host_paths[@]}" --binary="${words[0]}" \
  --heap="$HEAP" --stack="$STACK" --dlopen="$DLOPEN" "${sign[@]}" --no-color --verbose >&2 ||
  die "the sconifier failed" "may your SCONE account pull $SCONIFIER@$SCONIFIER_DIGEST? info@scontain.com, scone-access@iex.ec"

hex=$(fingerprint) || die "$TO does not start" "${DCAP[@]}"
check_fingerprint "$hex"
# what the worker does: another fingerprint now would be a debug enclave there
again=$(fingerprint -e SCONE_HEAP="$HEAP") || die "$TO does not start with the worker's SCONE_HEAP" "${DCAP[1]}"
[ "$again" = "$hex" ] || die "with SCONE_HEAP=$HEAP, as the worker sets it, the fingerprint is another one" "${DCAP[1]}" "${DCAP[2]}"

checksum=$(pushed_digest "$TO")
write_json "$checksum" "$VERSION" "${words[*]}" "$HEAP" "$hex"
echo "$MODE image $TO"
echo "fingerprint   $hex"
echo "written to    $JSON"
[ "$MODE" = production ] || echo "debug: for an SMS that tolerates debug mode only; ${DCAP[3]}"
