# The image for TDX on iExec and for everyday use: linux/amd64, for any builder, docker's classic one too.
# Dockerfile.scone is this file with other bases, no line more; tests/deploy/test_image.py holds them together.
# BUILD_BASE is BASE with a compiler: the same Debian, the same Python. Both digests as docker-library/repo-info lists them
# (repos/python/remote/ at 396dcd45 and 422f3cfe), where the digest alone decides what is pulled.
ARG BUILD_BASE=python:3.13.15-bookworm@sha256:933b46a028fd786c9c3d426ebabc237e29a15912231ea8de576e95f0e4f41a4c
ARG BASE=python:3.13.15-slim-bookworm@sha256:ed86c82274b3c69b52fb5820f358f0bd7df0b603332063cb5c6e32bd220c3e6e

FROM ${BUILD_BASE} AS build
WORKDIR /build
# what changes seldom comes first: an edit of app/ does not build llama.cpp or fetch the model again
COPY requirements/run.lock requirements/build.lock requirements/
RUN /usr/local/bin/python3.13 -m pip install --disable-pip-version-check --no-cache-dir --no-compile --no-deps \
    --only-binary=:all: --require-hashes --root=/stage/python --prefix=/usr/local -r requirements/run.lock
COPY dev/build_engine.py dev/stage_image.py dev/
COPY app/__init__.py app/
COPY app/base/__init__.py app/base/bindings.py app/base/errors.py app/base/hints.py app/base/limits.py app/base/
COPY app/formats/__init__.py app/formats/hex_fields.py app/formats/hex_words.py app/formats/strict_json.py app/formats/strict_model.py app/formats/
COPY app/build/__init__.py app/build/fetch.py app/build/
COPY app/desk/__init__.py app/desk/atomic.py app/desk/cache.py app/desk/web.py app/desk/
COPY app/llm/__init__.py app/llm/build.toml app/llm/models.py app/llm/models.toml app/llm/library.py app/llm/
RUN /usr/local/bin/python3.13 dev/stage_image.py engine
ARG MODEL=qwen2.5-coder-0.5b-instruct
RUN /usr/local/bin/python3.13 dev/stage_image.py model ${MODEL}
COPY app/ app/
COPY dev/make_states.py dev/
RUN /usr/local/bin/python3.13 dev/stage_image.py guest && \
    /usr/local/bin/python3.13 dev/stage_image.py states ${MODEL} && \
    /usr/local/bin/python3.13 dev/stage_image.py app ${MODEL}

FROM ${BASE}
COPY --from=build /stage/python/ /
COPY --from=build /stage/model/ /
COPY --from=build /stage/guest/ /
COPY --from=build /stage/states/ /
COPY --from=build /stage/app/ /
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sealed-llm" \
      org.opencontainers.image.description="A one-shot iExec task: a small language model in an enclave, one signed JSON result" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# No ENV, WORKDIR or USER: SCONE shows none of them to the program, and the worker owns /iexec_out.
# -I: no PYTHON* variable, no user folder, no current folder on sys.path. -B: nothing is written beside the code.
ENTRYPOINT ["/usr/local/bin/python3.13", "-I", "-B", "-m", "app"]
CMD []
