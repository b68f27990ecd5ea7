# Two commands do everything: `make demo` and `make test`. Each makes .venv first, if it is not there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export SIZE SERVE SEED PORT

.PHONY: help setup demo serve test check bench soak format messages clean

help:
	@echo "make demo    play one whole national examination, then serve it   (SIZE=2000 for a small one)"
	@echo "make test    format, lint, import contracts, types, migrations, and the whole suite"
	@echo "make serve   serve what is in the database"
	@echo "make bench   every figure the documents quote, measured here"
	@echo "make soak    the long counts of which make test takes a sample"
	@echo "make format  lay the code out; make messages compiles the Thai catalogue"
	@echo "make clean   remove .venv, var/ and every cache"

setup: $(READY)

# venv without ensurepip, so that a Debian without python3-venv works too; uv where it is, pip otherwise.
$(READY): requirements.lock
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock; \
	else \
	  $(PYTHON) -m venv --without-pip $(VENV) && \
	  $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
	    --require-hashes -r requirements.lock; \
	fi
	@touch $@

demo: $(READY)
	@$(BIN)/python manage.py demo

serve: $(READY)
	@$(BIN)/python manage.py serve

check: $(READY)
	@$(BIN)/ruff format --check --quiet . || { echo "Run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py check --fail-level WARNING

test: check
	@$(BIN)/pytest -n auto

soak: $(READY)
	@SOAK=1 $(BIN)/pytest -n auto -m soak

# The peers we are measured against come into the same environment; make test does not need them.
PEERS := $(VENV)/.peers
$(PEERS): $(READY) requirements.bench.lock
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.bench.lock; \
	else \
	  $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
	    --require-hashes -r requirements.bench.lock; \
	fi
	@touch $@

bench: $(PEERS)
	@$(BIN)/python -m tests.benchmarks

format: $(READY)
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

# The Thai catalogue as programs read it, from the Thai catalogue as people write it.
messages: $(READY)
	@cd config/locale/th/LC_MESSAGES && ../../../../$(BIN)/python -c \
	  "import polib; polib.pofile('django.po').save_as_mofile('django.mo')"

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
