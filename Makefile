# flipcast: `make demo` shows it at work, `make test` proves it. Both set up what they need, once.

PYTHON ?= python3
VENV ?= .venv
# Where another build of torch is to be had; see the README.
TORCH_INDEX ?=

BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
CORE = $(VENV)/.core
DEV = $(VENV)/.dev
BENCHES = captions glass keyed_live keying preview processing publishing recording watch_page
SLIDES = 1 2 3a 3b 4 5a 5b 6 7a 7b 8a 8b 9a 9b

.PHONY: help setup setup-dev demo demo-stop test lint bench pictures slides lock clean

help:
	@echo "make demo       process a sample lecture, publish it in an S3 server on this machine, say where to watch"
	@echo "make demo-stop  stop that server"
	@echo "make test       all tests"
	@echo "make lint       style, types, who imports whom"
	@echo "make bench      the benchmarks: minutes each, on a quiet machine"
	@echo "make pictures   take the pictures of the README anew"
	@echo "make setup      only set up"

setup: $(CORE)

setup-dev: $(DEV)

$(VENV)/bin/python:
	@PYTHON="$(PYTHON)" .ci/need venv libraries
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("flipcast needs Python 3.11 or later: name one with make PYTHON=python3.11 …")'
	@echo "setting up in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# What is locked is installed by its hash; flipcast itself stands where it is.
$(CORE): requirements.lock pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --editable .
	@touch $@

# torch differs from machine to machine, so that no hash fits all; openai-whisper comes as source only.
# Both go by their version, and openai-whisper without triton, which it wants on GPUs alone.
$(DEV): requirements-dev.lock $(CORE)
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(PIP) install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	@$(PIP) install --no-deps openai-whisper==20250625
	@touch $@

demo: $(CORE)
	@$(BIN)/flipcast demo

demo-stop: $(CORE)
	@$(BIN)/flipcast demo --stop

test: $(DEV)
	@PYTHON="$(PYTHON)" .ci/need libraries chromium screen sound office
	@$(BIN)/python -m pytest --quiet $(TESTS)

pictures: $(DEV)
	@$(BIN)/python -m tests.pictures

lint: $(DEV)
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >$(VENV)/lint-imports.log || { cat $(VENV)/lint-imports.log; exit 1; }

bench: $(DEV)
	@for name in $(BENCHES); do \
		echo "== $$name"; $(BIN)/python -m "tests.benchmarks.$$name" || exit 1; \
	done

slides: $(CORE)
	@.ci/need chromium
	@browser=$${FLIPCAST_CHROMIUM:-$$(command -v chromium || command -v chromium-browser || command -v google-chrome)}; \
	ffmpeg=$$($(BIN)/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())'); \
	scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	for slide in $(SLIDES); do \
		"$$browser" --headless --no-sandbox --disable-gpu --disable-background-networking --hide-scrollbars \
			--user-data-dir="$$scratch/profile" --window-size=1920,1080 --virtual-time-budget=500 \
			--screenshot="$$scratch/$$slide.png" "file://$(CURDIR)/flipcast/sample/slides.html?$$slide" 2>/dev/null && \
		"$$ffmpeg" -v error -y -i "$$scratch/$$slide.png" -compression_level 9 -pred none \
			-vf 'split[a][b];[a]palettegen=max_colors=64:reserve_transparent=0[p];[b][p]paletteuse=dither=none' \
			flipcast/sample/slide-$$slide.png || exit 1; \
	done

# Needs uv (pip install uv). What the locks leave out is what `make setup-dev` installs by version.
LOCK = uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
lock:
	@$(LOCK) --extra weights --extra store --output-file requirements.lock
	@printf "torch==2.13.0 ; sys_platform == 'never'\ntriton>=2 ; sys_platform == 'never'\n" | \
		$(LOCK) --extra dev --extra openai-whisper --override /dev/stdin --constraint requirements.lock \
		$(foreach name,openai-whisper torch triton sympy mpmath networkx setuptools,--no-emit-package $(name)) \
		--output-file requirements-dev.lock

clean:
	@rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info
