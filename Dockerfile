# The image for TDX on iExec and for everyday use: linux/amd64, for any builder, docker's classic one too.
# Dockerfile.scone is this file with other bases, no line more; tests/deploy/test_image.py holds them together.
# BUILD_BASE is BASE with a compiler: the same Debian, the same Python.
ARG BUILD_BASE=python:3.13.12-bookworm
ARG BASE=python:3.13.12-slim-bookworm@sha256:a58daefb915e1e03ad48f3ca4df8832065412c5c35cacb9d39f4229184de12b6

FROM ${BUILD_BASE} AS build
WORKDIR /build
# what changes seldom comes first: an edit of app/ does not build llama.cpp or fetch the model again
COPY requirements/run.lock requirements/build.lock requirements/
RUN /usr/local/bin/python3.13 -m pip install --disable-pip-version-check --no-cache-dir --no-compile --no-deps \
    --only-binary=:all: --require-hashes --root=/stage/python --prefix=/usr/local -r requirements/run.lock
COPY scripts/build_engine.py scripts/stage_image.py scripts/
COPY app/__init__.py app/bindings.py app/errors.py app/hints.py app/limits.py app/strict_json.py app/
COPY app/llm/__init__.py app/llm/build.toml app/llm/fetch.py app/llm/models.py app/llm/models.toml app/llm/native.py app/llm/
RUN /usr/local/bin/python3.13 scripts/stage_image.py engine
ARG MODEL=qwen2.5-coder-0.5b-instruct
RUN /usr/local/bin/python3.13 scripts/stage_image.py model ${MODEL}
COPY app/ app/
COPY scripts/make_states.py scripts/
RUN /usr/local/bin/python3.13 scripts/stage_image.py guest && \
    /usr/local/bin/python3.13 scripts/stage_image.py states ${MODEL} && \
    /usr/local/bin/python3.13 scripts/stage_image.py app ${MODEL}

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
