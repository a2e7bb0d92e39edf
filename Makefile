# Two commands do everything: `make demo` and `make test`. `make quick` is for every edit, and `make help` names the others.
# A step that takes time says so before it begins; where nothing is to be done, nothing is said.
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
WORKERS := 2
PYTEST := $(PY) -m pytest -n $(WORKERS)
DOCKERFILE ?= Dockerfile
TAG ?= sealed-llm:latest

TEE := tdx
CHAIN := arbitrum-sepolia-testnet

MAKEFLAGS += --no-print-directory

.PHONY: help demo quick test coverage check hooks system-packages bench bench-peers bench-growth bench-weights docs generate lock labels clean setup deploy run local-iexec enclave-rehearsal campaign-bits campaign-attack image image-rehearsal sbom audit campaign campaign-sandbox humaneval test-transformers
.DELETE_ON_ERROR:

help:  ## name the targets
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: setup  ## fetch and build what is needed, then ask the model one question and verify its signed answer
	@out=sealed-result/demo-$$(date +%Y%m%d-%H%M%S); signer=$$($(VENV)/bin/sealed-llm key address --simulation); \
	echo; echo '$$ $(VENV)/bin/sealed-llm ask "$(DEMO)"'; echo; \
	$(VENV)/bin/sealed-llm ask "$(DEMO)" --out $$out < /dev/null && echo \
	&& $(VENV)/bin/sealed-llm verify $$out/result.json --signer $$signer

quick: $(READY_DEV)  ## the tests that need no model, no child process and no network: for every edit
	@$(PYTEST) --quiet -m "not slow" --durations=5

test: setup $(READY_DEV) $(READY_AUDIT) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.states-$(TEST_MODEL) $(VENV)/.server $(VENV)/.docs $(VENV)/.peers $(VENV)/.contracts $(VENV)/.deploy $(VENV)/.tools  ## everything the tests need, then all of them
	@$(MAKE) check
	@echo "all tests, $(WORKERS) workers (half an hour on two busy cores)"
	@$(PYTEST)

coverage: $(READY_DEV)  ## which lines of app/ the quick tests reach; fails below the number in pyproject.toml
	@$(PYTEST) --quiet -m "not slow" --durations=0 --durations-min=60 --cov=app --cov-report=term:skip-covered

hooks: $(READY_DEV)  ## let git run the checks before each commit and the quick tests before each push
	@$(VENV)/bin/pre-commit install

system-packages:  ## install strace and qemu-user with the system's package manager: for the tests that need them (root)
	apt-get update
	apt-get install --no-install-recommends strace qemu-user-static

local-iexec: $(READY_DEV) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.contracts $(VENV)/.deploy  ## deploy, order, run, deliver and verify on this machine alone
	@$(PY) -m pytest tests/iexec

deploy: $(VENV)/.deploy  ## iExec's client deploys the app of iexec.json (TEE=tdx|scone CHAIN=…)
	@$(PY) dev/iexec.py deploy --tee $(TEE) --chain $(CHAIN) $(FLAGS)

run: $(VENV)/.deploy  ## iExec's client orders one task of it (TEE= CHAIN= POOL=0x… FLAGS='--dataset 0x… --args "…"')
	@$(PY) dev/iexec.py run --tee $(TEE) --chain $(CHAIN) $(if $(POOL),--workerpool $(POOL)) $(FLAGS)

test-transformers: $(VENV)/.model-$(TEST_MODEL)  ## the engine in Hugging Face's library: PYTHON=... with transformers torch accelerate gguf pytest click pydantic jinja2
	$(PYTHON) -m pytest --noconftest tests/unit/test_transformers.py

check: $(READY_DEV) $(READY_AUDIT)  ## lint, types, and the drift of schema, README and locks: one line each
	@failed=; \
	step() { name=$$1; shift; if said=$$("$$@" 2>&1); then echo "ok      $$name"; else failed=1; echo "FAILED  $$name"; echo "$$said"; fi; }; \
	step "lint" $(VENV)/bin/ruff check .; \
	step "format" $(VENV)/bin/ruff format --check .; \
	step "types" $(VENV)/bin/mypy; \
	step "schema/ is what the code makes" $(PY) dev/make_schema.py --check; \
	step "README, docs and locks are of this code" $(PY) dev/check_drift.py; \
	test -z "$$failed"

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

enclave-rehearsal: setup $(READY_DEV) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.tools  ## every job under SCONE's refusals, and proof that each refusal bites
	$(PY) -m pytest tests/enclave
	$(PY) -m tests.support.enclave.rehearse

campaign-bits: setup $(READY_DEV) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.tools  ## the same bytes 50 times over, and what would break them (an hour)
	$(PY) -m bench.bits > bench/results/bits.new
	@mv bench/results/bits.new bench/results/bits.txt
	@cat bench/results/bits.txt

campaign-attack: setup $(READY_DEV) $(READY_ATTACK) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.peers $(VENV)/.tools  ## fuzz, repeat, mutate, break: docs/explanation/attacks.md (MINUTES=90; goes on where it was stopped)
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
	for folder in examples/deploy contracts tests/peers; do echo $$folder; (cd $$folder && npm audit) || failed=1; done; test -z "$$failed"

docs: $(VENV)/.docs  ## build the documentation as web pages, docs/_build/html/index.html; a warning is an error
	@echo "building docs/_build/html"
	@$(VENV)/docs/bin/sphinx-build -W --keep-going -n -E -q -b html docs docs/_build/html

generate: $(READY_DEV)  ## write schema/ and the generated parts of docs/ anew
	@$(PY) dev/make_schema.py
	@$(PY) dev/check_drift.py --write

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
	@echo "making an environment for Python in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -c "import sys; sys.exit('sealed-llm needs Python 3.11 or newer') if sys.version_info < (3, 11) else None"

# The project is not installed: a path file makes `python -m app` work from any folder, as in the image, and so does `sealed-llm`.
$(READY): requirements/run.lock requirements/build.lock app/llm/build.toml dev/build_engine.py dev/make_command.py | $(PY)
	@echo "installing what the program needs (requirements/run.lock)"
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements/run.lock
	@$(PY) dev/build_engine.py
	@$(PY) dev/make_command.py > /dev/null
	@touch $@

$(READY_DEV): requirements/dev.lock $(READY)
	@echo "installing what the tests and checks need (requirements/dev.lock)"
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements/dev.lock
	@touch $@

$(READY_AUDIT): requirements/audit.lock $(READY_DEV)
	@echo "installing what the checks of packages need (requirements/audit.lock)"
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements/audit.lock
	@touch $@

$(READY_ATTACK): requirements/attack.lock $(READY_DEV)
	@echo "installing what the attacks need (requirements/attack.lock)"
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements/attack.lock
	@touch $@

$(VENV)/.model-%: app/llm/models.toml $(READY)
	@echo "fetching the model $* ($$($(PY) -m app model list | awk '$$1 == "$*" { print $$2, $$3 }'), once for a machine)"
	@$(PY) -m app model fetch $* > /dev/null
	@touch $@

$(VENV)/.sandbox: $(wildcard app/sandbox/*.py app/sandbox/*.wat app/sandbox/*.toml) $(READY)
	@echo "building the sandbox's guest, a CPython in WebAssembly (about a minute)"
	@$(PY) -m app sandbox build > /dev/null
	@touch $@

# What the model makes of each job's fixed words, beside the model.
$(VENV)/.states-%: app/llm/states.toml dev/make_states.py $(wildcard app/jobs/*_words.py app/jobs/*/words.py) $(VENV)/.model-%
	@echo "reading each job's fixed words with $* (half a minute)"
	@$(PY) dev/make_states.py $*
	@touch $@

# A real OpenAI-compatible server to test `simulate --engine` against: llama-cpp-python's own, of the same build.
$(VENV)/.server: requirements/server.lock $(READY)
	@echo "installing a server to test simulate --engine against (requirements/server.lock)"
	@$(PYTHON) -m venv $(VENV)/server
	@$(VENV)/server/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r requirements/server.lock
	@$(VENV)/server/bin/python dev/build_engine.py
	@touch $@

# Sphinx, in an environment of its own: no other lock has to agree with it.
$(VENV)/.docs: requirements/docs.lock | $(PY)
	@echo "installing what builds the documentation (requirements/docs.lock)"
	@$(PYTHON) -m venv $(VENV)/docs
	@$(VENV)/docs/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r requirements/docs.lock
	@touch $@

$(VENV)/.peers: tests/peers/package-lock.json | $(PY)
	@echo "installing iExec's and Sui's own JavaScript for the tests (tests/peers/package-lock.json)"
	@cd tests/peers && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/.contracts: contracts/package-lock.json | $(PY)
	@echo "installing the contracts' compiler and a chain (contracts/package-lock.json)"
	@cd contracts && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/.deploy: examples/deploy/package-lock.json | $(PY)
	@echo "installing iExec's clients (examples/deploy/package-lock.json)"
	@cd examples/deploy && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# strace and qemu-user, where the system has none: unpacked, not installed. What is missing then is said at each run.
$(VENV)/.tools: dev/fetch_test_tools.py $(READY)
	@if $(PY) dev/fetch_test_tools.py; then touch $@; fi
