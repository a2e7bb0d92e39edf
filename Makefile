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

.PHONY: help demo test test-transformers check bench docs lock clean setup
.DELETE_ON_ERROR:

help:  ## name the targets
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: setup  ## fetch and build what is needed, then ask the model one question and verify its signed answer
	$(PY) -m app simulate --prompt "In one sentence: why is the sky blue?" --args "--max-tokens 96"

test: setup $(READY_DEV) $(VENV)/.model-$(TEST_MODEL) $(VENV)/.states-$(TEST_MODEL) $(VENV)/.server $(VENV)/.peers $(VENV)/.contracts  ## everything the tests need, then all of them
	@$(MAKE) --no-print-directory check
	$(PY) -m pytest

test-transformers: $(VENV)/.model-$(TEST_MODEL)  ## the engine in Hugging Face's library: PYTHON=... with transformers torch accelerate gguf pytest click pydantic jinja2
	$(PYTHON) -m pytest --noconftest tests/unit/test_transformers.py

check: $(READY_DEV)  ## lint, types, and the drift of schema, README and locks
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PY) -m app schema --check
	$(PY) scripts/check_drift.py

bench: setup $(READY_DEV) $(VENV)/.model-$(TEST_MODEL)  ## measure against llama.cpp's own program and singles: ratios, in one run
	$(PY) -m bench.ask
	$(PY) -m bench.bulk
	$(PY) -m bench.constrained
	$(PY) -m bench.prefix
	$(PY) -m bench.threads

docs: $(READY_DEV)  ## write schema/ and the generated parts of the README anew
	$(PY) -m app schema
	$(PY) scripts/check_drift.py --write

lock:  ## resolve requirements/*.in anew (needs pip-tools)
	cd requirements && for name in run build dev server; do \
	  pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links \
	    --no-emit-options --no-emit-trusted-host --output-file=$$name.lock $$name.in || exit 1; done

clean:  ## remove the environment and the links to models; the cache stays
	rm -rf $(VENV) app/llm/weights .mypy_cache .pytest_cache .ruff_cache

setup: $(READY) $(VENV)/.model-$(DEFAULT_MODEL) $(VENV)/.states-$(DEFAULT_MODEL)

$(PY):
	$(PYTHON) -m venv $(VENV)
	@$(PY) -c "import sys; sys.exit('sealed-llm needs Python 3.11 or newer') if sys.version_info < (3, 11) else None"

# The project is not installed: a path file makes `python -m app` work from any folder, as in the image.
$(READY): requirements/run.lock requirements/build.lock app/llm/build.toml scripts/build_engine.py | $(PY)
	$(PIP) install --quiet --require-hashes --no-deps -r requirements/run.lock
	$(PY) scripts/build_engine.py
	$(PY) -c "import pathlib, site; pathlib.Path(site.getsitepackages()[0], 'sealed-llm.pth').write_text('$(CURDIR)\n')"
	@touch $@

$(READY_DEV): requirements/dev.lock $(READY)
	$(PIP) install --quiet --require-hashes --no-deps -r requirements/dev.lock
	@touch $@

$(VENV)/.model-%: app/llm/models.toml $(READY)
	$(PY) -m app model fetch $*
	@touch $@

# What the model makes of each job's fixed words, beside the model.
$(VENV)/.states-%: app/llm/states.toml scripts/make_states.py $(wildcard app/llm/prompts/*.py) $(VENV)/.model-%
	$(PY) scripts/make_states.py $*
	@touch $@

# A real OpenAI-compatible server to test `try --engine` against: llama-cpp-python's own, of the same build.
$(VENV)/.server: requirements/server.lock $(READY)
	$(PYTHON) -m venv $(VENV)/server
	$(VENV)/server/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r requirements/server.lock
	$(VENV)/server/bin/python scripts/build_engine.py
	@touch $@

$(VENV)/.peers: tests/peers/package-lock.json | $(PY)
	cd tests/peers && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/.contracts: contracts/package-lock.json | $(PY)
	cd contracts && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@
