# Every target makes what it needs first: the virtual environment, and the system packages (as root; otherwise it
# prints the command to run). ARGS is passed on, as in `make test ARGS="tests/unit -x"`.
PYTHON ?= python3
# Most tests wait for something most of the time: two workers for each core keep it busy. A few tests need fewer.
WORKERS ?= $(shell echo $$(($(if $(ARGS),1,2) * $$(nproc))))
S3_PORT ?= 7480
ARGS ?=
# A run starts Python a thousand times: what these import is compiled once, also where the shell says not to keep it.
export PYTHONDONTWRITEBYTECODE :=
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

CODE := service tests frontend/swift/scripts infra/ceph/rgw infra/ceph/bucket.py infra/stores infra/docs infra/docker/store infra/kubernetes infra/clients infra/kotlin infra/pages.py infra/bill_of_materials.py
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEV := $(VENV)/.installed-dev
TEST := $(VENV)/.installed-test
NODE_MODULES := frontend/node_modules/.installed
PAGES := service/valetkey/api/static/demo.js
SITE := service/valetkey/api/site/index.html
QUICK := tests/unit tests/integration/test_testing.py tests/integration/test_authenticator.py tests/integration/test_openapi.py
# Each test has a bound of its own; these are for what hangs outside of a test.
WITHIN := $(PYTHON) -m tests.support.reaper within
INFRA := $(VENV)/.installed-infra
# Programs that are run and not imported, each in an environment of its own: what they pin is theirs.
TOOLS := $(VENV)/tools
STORE_TESTS := $(wildcard tests/contract/test_store*.py tests/e2e/test_store*.py)
# What is missing is said first, before anything is installed; Node only where something is to be built with it.
LOOK = PYTHON=$(PYTHON) infra/first-look $(if $(wildcard $(BIN)/python),,python) \
  $$($(MAKE_COMMAND) --question $(PAGES) >/dev/null 2>&1 || echo node)
DOCS := $(shell find service/docs infra/docs -name '.building-*' -prune -o -name __pycache__ -prune -o -type f -print)
FRONTEND := $(shell find frontend -name node_modules -prune -o -name dist -prune -o -path frontend/kotlin -prune -o -path frontend/swift -prune -o -type f -print)

.PHONY: help look look-dev dev quick test all-parts stores infra image images packages clients kotlin swift check chaos bench bench-page bench-confirm bench-line queue s3 s3-stop frontend frontend-check frontend-test docs dist audit

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

look:
	@$(LOOK)

look-dev:
	@$(LOOK) port -- $(ARGS)

dev: look-dev $(DEV) $(PAGES) $(SITE) ## the service with an embedded S3 and a page to try it on
	$(BIN)/valetkey dev $(ARGS)

test: $(if $(ARGS),,look) $(TEST) $(if $(ARGS),,all-parts frontend-test) ## all tests: on moto, Ceph RGW, PostgreSQL, and in Chromium, Firefox and WebKitGTK; or those of ARGS, with what they need
	$(WITHIN) 5400 $(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

quick: $(TEST) ## what needs no server, run first: types, unit tests, an application on valetkey in memory
	@$(BIN)/mypy & types=$$!; failed=0; \
	$(BIN)/pytest -q -n $$(nproc) --dist worksteal $(QUICK) || failed=1; \
	wait $$types || failed=1; exit $$failed

all-parts: $(PAGES) $(SITE)
	infra/system-packages s3 browser ledger

stores: $(TEST) ## tests of stores that take minutes to install: Ceph 18, LocalStack, Swift, rclone, SeaweedFS, nginx
	infra/system-packages s3 proxies stores
	$(BIN)/python infra/stores/install.py
	VALETKEY_TEST_STORES=installed $(WITHIN) 1800 $(BIN)/pytest -n $(WORKERS) --dist worksteal $(if $(ARGS),$(ARGS),$(STORE_TESTS))

infra: look $(INFRA) $(TOOLS)/checkov.installed ## what infra/ has for running it, as root: systemd, nginx, Caddy, Kubernetes, Terraform on moto and LocalStack
	infra/system-packages s3 browser fronts units ledger debian
	$(BIN)/python infra/stores/install.py debian13 localstack
	$(WITHIN) 1800 $(BIN)/pytest -n $(WORKERS) --dist worksteal $(if $(ARGS),$(ARGS),tests/infra)

images: dist $(TEST) ## the images of infra/docker, built by buildah on a Debian that is made here, and all of compose.yaml as podman runs it; as root
	infra/system-packages s3 containers
	$(WITHIN) 3600 $(BIN)/pytest -n 0 $(if $(ARGS),$(ARGS),tests/images)

packages: dist $(TEST) ## the wheel in empty environments of Python 3.11 to 3.14, the npm packages in plain HTML, vite and Next; as root
	infra/system-packages s3 browser debian
	$(BIN)/python infra/stores/install.py newest-python
	$(WITHIN) 1800 $(BIN)/pytest -n 2 --dist worksteal $(if $(ARGS),$(ARGS),tests/packages)

kotlin: look $(TEST) $(TOOLS)/kotlin.installed ## the client for Android and the JVM, compiled, and killed again and again on Ceph RGW; ARGS="tests/kotlin --kotlin-uploads 200" for the long form
	infra/system-packages s3 kotlin
	$(BIN)/python infra/kotlin/kotlin.py build $(TOOLS)/kotlin frontend/kotlin/build
	$(WITHIN) 3600 $(BIN)/pytest -n 2 --dist loadfile $(if $(ARGS),$(ARGS),tests/kotlin)

check: look $(TEST) frontend-check ## format, lint, types and layers
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/mypy infra/ceph/rgw infra/ceph/bucket.py infra/pages.py infra/bill_of_materials.py
	$(BIN)/mypy infra/docs/build.py infra/docs/generated.py
	MYPYPATH=infra/stores $(BIN)/mypy infra/stores/serve.py infra/stores/install.py
	$(BIN)/mypy infra/kubernetes/tools.py
	$(BIN)/mypy infra/clients/generate.py infra/clients/okhttp.py
	$(BIN)/mypy infra/kotlin/kotlin.py
	$(BIN)/mypy frontend/swift/scripts/answers.py
	$(BIN)/lint-imports

chaos: $(TEST) ## 2,000 uploads while everything fails, on PostgreSQL and on SQLite; VALETKEY_TEST_SEED=... for the same choices
	infra/system-packages s3 ledger
	VALETKEY_TEST_CHAOS=full $(BIN)/pytest $(if $(ARGS),$(ARGS),tests/chaos)

bench: $(TEST) frontend ## speed beside peers from PyPI and npm, all of the table in the documentation; or ARGS="grants small", see --help
	infra/system-packages s3 browser ledger
	$(BIN)/python -m tests.bench.run $(ARGS)

bench-page: $(TEST) ## what `make bench` found, into service/docs/benchmarks.md
	$(BIN)/python -m tests.bench.report

bench-line: $(TEST) frontend ## `put` and the browser client over lines of up to 300 ms, beside boto3, the AWS CLI and Uppy
	infra/system-packages s3 browser
	$(BIN)/python -m tests.bench.line $(ARGS)

bench-confirm: $(TEST) ## CPU and rate of confirmations beside boto3 and, with BEFORE=folder, beside another commit, on Ceph RGW
	infra/system-packages s3
	$(BIN)/python -m tests.bench.confirm $(if $(BEFORE),--before $(BEFORE)) $(ARGS)

queue: $(TEST) ## events of 10,000 uploads by way of SQS (moto) to two workers, on SQLite and PostgreSQL; takes minutes
	infra/system-packages ledger
	$(BIN)/pytest -n 0 --timeout 3000 --show-capture=no tests/e2e/test_queue.py --queue-uploads 10000 $(ARGS)

s3: $(DEV) ## a real S3 server (Ceph RGW) on this machine, with a bucket; prints the lines to export
	@infra/system-packages s3 >&2
	@$(BIN)/python infra/ceph/rgw start --dir .ceph --port $(S3_PORT) $(ARGS)
	@$(BIN)/python infra/ceph/bucket.py --dir .ceph

s3-stop: ## stop it; its objects are gone
	@$(PYTHON) infra/ceph/rgw stop --dir .ceph

frontend: look $(PAGES) ## the client for browsers, <valet-upload> and the pages of `valetkey dev`, built

frontend-check: look $(PAGES) $(DEV) ## its format, lint, types, and whether they are those of our OpenAPI document
	cd frontend && VALETKEY=$(abspath $(BIN))/valetkey npm run --silent check

frontend-test: look $(PAGES) ## its tests, and its bundle in Chromium
	infra/system-packages browser
	$(WITHIN) 900 npm --prefix frontend run --silent test:built
	$(WITHIN) 900 npm --prefix frontend run --silent test:browser

docs: $(SITE) ## the documentation, which the service shows at /docs/; `infra/docs/build.py --draft` builds it with broken links

dist: look $(DEV) $(PAGES) $(SITE) $(TOOLS)/release.installed ## wheel, sdist and the npm packages with what is in them (CycloneDX) and checksums, in dist/
	rm -rf dist
	$(PIP) install hatchling -c constraints.txt
	$(BIN)/python -m hatchling build -d dist -t sdist -t wheel
	cd frontend && npm pack --silent --workspace client --workspace element --workspace react-native --pack-destination ../dist
	$(BIN)/python infra/bill_of_materials.py $(TOOLS)/release
	cd dist && sha256sum * >SHA256SUMS

image: dist ## what `make dist` makes, and the image of infra/docker in dist/; as root, with buildah, from the registry's debian:12.12-slim
	infra/system-packages containers
	buildah bud --isolation chroot --format docker -f infra/docker/Dockerfile -t valetkey:$(VERSION) .
	infra/docker/archive valetkey:$(VERSION)

swift: $(TEST) ## the Swift package, compiled in a Debian 13 that is unpacked here, its tests, and uploads by it to Ceph RGW; as root
	infra/system-packages s3 debian
	$(BIN)/python infra/stores/install.py swift
	$(WITHIN) 1800 $(BIN)/pytest -n 0 $(if $(ARGS),$(ARGS),tests/swift_client)

clients: look $(TEST) $(NODE_MODULES) $(TOOLS)/clients.installed $(TOOLS)/kotlin.installed $(TOOLS)/okhttp.installed ## clients in Kotlin, Swift, Python, TypeScript and C# from the OpenAPI document, in build/clients; three of them compiled and used
	infra/system-packages s3 clients
	$(BIN)/python infra/clients/generate.py $(TOOLS)/clients build/clients
	VALETKEY_TEST_TOOLS=$(abspath $(TOOLS)) $(WITHIN) 1800 $(BIN)/pytest -n 2 --dist worksteal $(if $(ARGS),$(ARGS),tests/clients)

audit: $(DEV) $(NODE_MODULES) $(TOOLS)/release.installed ## known faults of what we depend on: asks PyPI and the npm registry, and fails where these do not answer
	$(TOOLS)/release/bin/pip-audit --strict --disable-pip --no-deps --requirement constraints.txt
	cd frontend && npm audit

$(BIN)/python:
	@PYTHON=$(PYTHON) infra/first-look python
	@echo "Making $(VENV), the virtual environment." >&2
	@$(PYTHON) -m venv $(VENV)

$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Python packages into $(VENV): a minute or two the first time." >&2
	@$(PIP) install -e '.[dev]' -c constraints.txt
	@touch $@

$(TEST): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Python packages, those of the tests too, into $(VENV): a few minutes the first time." >&2
	@$(PIP) install -e '.[dev,test]' -c constraints.txt
	@touch $@ $(DEV)

$(INFRA): pyproject.toml constraints.txt | $(TEST)
	@$(PIP) install -e '.[dev,test,infra]' -c constraints.txt
	@touch $@

$(TOOLS)/%.installed: infra/tools/%.txt | $(BIN)/python
	@echo "Installing $* into $(TOOLS)." >&2
	@$(PYTHON) -m venv --clear --without-pip $(TOOLS)/$*
	@$(PIP) --python $(TOOLS)/$*/bin/python install -r $<
	@touch $@

# Without what the package itself depends on: only the compiler in it is wanted.
$(TOOLS)/kotlin.installed: infra/kotlin/kernel.txt infra/kotlin/kotlin.py | $(BIN)/python
	@echo "Installing a Kotlin compiler into $(TOOLS)." >&2
	@mkdir -p $(TOOLS)
	@$(BIN)/python infra/kotlin/kotlin.py install $(TOOLS)/kotlin
	@touch $@

$(TOOLS)/okhttp.installed: infra/clients/okhttp.py | $(BIN)/python
	@infra/first-look node
	@$(BIN)/python infra/clients/okhttp.py $(TOOLS)/okhttp
	@touch $@

$(NODE_MODULES): frontend/package-lock.json frontend/package.json $(wildcard frontend/*/package.json)
	@infra/first-look node
	@echo "Installing npm packages into frontend/node_modules: about a minute." >&2
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGES): $(NODE_MODULES) $(FRONTEND)
	@echo "Building what browsers load: half a minute." >&2
	@cd frontend && npm run --silent build

$(SITE): $(DOCS) $(wildcard service/valetkey/settings/*.py) service/valetkey/api/codes.py service/valetkey/core/errors.py | $(DEV)
	@echo "Building the documentation: some seconds." >&2
	@$(BIN)/python infra/docs/build.py
