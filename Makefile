# Every target makes what it needs first: the virtual environment, and the system packages (as root; otherwise it
# prints the command to run). ARGS is passed on, as in `make test ARGS="tests/unit -x"`.
PYTHON ?= python3
WORKERS ?= 2
S3_PORT ?= 7480
ARGS ?=

CODE := service tests infra/ceph/rgw infra/ceph/bucket.py
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEV := $(VENV)/.installed-dev
TEST := $(VENV)/.installed-test

.PHONY: help dev test check bench bench-put s3 s3-stop

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

dev: $(DEV) ## the service with an embedded S3 and a page to try it on
	$(BIN)/valetkey dev $(ARGS)

test: $(TEST) ## all tests: on moto, on a real Ceph RGW, on PostgreSQL, and in Chromium
	infra/system-packages s3 browser ledger
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

check: $(TEST) ## format, lint, types and layers
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/mypy infra/ceph/rgw infra/ceph/bucket.py
	$(BIN)/lint-imports

bench: $(TEST) ## speed beside a plain Flask + boto3 + SQLite service, as ratios
	$(BIN)/python -m tests.bench.run $(ARGS)

bench-put: $(TEST) ## `valetkey put` beside boto3's transfer manager, on Ceph RGW, as a ratio
	infra/system-packages s3
	$(BIN)/python -m tests.bench.put $(ARGS)

s3: $(DEV) ## a real S3 server (Ceph RGW) on this machine, with a bucket; prints the lines to export
	@infra/system-packages s3 >&2
	@$(BIN)/python infra/ceph/rgw start --dir .ceph --port $(S3_PORT) $(ARGS)
	@$(BIN)/python infra/ceph/bucket.py --dir .ceph

s3-stop: ## stop it; its objects are gone
	@$(PYTHON) infra/ceph/rgw stop --dir .ceph

$(BIN)/python:
	@PYTHON=$(PYTHON) infra/system-packages python
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("valetkey needs Python 3.11: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -e '.[dev]' -c constraints.txt
	@touch $@

$(TEST): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -e '.[dev,test]' -c constraints.txt
	@touch $@ $(DEV)
