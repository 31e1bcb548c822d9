# Every target sets up what it needs: Python 3.11 or newer, make and a package registry are enough.
PYTHON ?= python3
# Hundreds of processes import the package: without its bytecode, each would compile it.
export PYTHONDONTWRITEBYTECODE :=
# 3.1 is 3.1.0, with the lowest version of every dependency that pyproject.toml names.
AIRFLOWS := 3.1 3.2 3.3 3.4
LATEST := 3.3
# Airflow 3.4 is not released yet. pip takes a pre-release that is named exactly, here and in the constraint
# file; that needs no `--pre`, which would allow one of every dependency. For the next: name it, and run
# `make constraints-3.4`. When 3.4 is out, remove the line.
PRE_RELEASE_3.4 := 3.4.0b2
# Thousands of requests to the sandbox, to show rules that have nothing to do with any version.
RANDOM_REQUESTS := gateways/kling/test_with_sandbox.py gateways/kling/test_products.py
# What is done with files: it depends on libraries, of which the lowest and the newest are on 3.1 and 3.3.
FILES := $(addprefix generation/test_,cleared.py result_storage.py output_file.py media_arguments.py stored_media.py estimate.py)
# Tests of what does not depend on Airflow's version; once, on the latest, is enough. What uses HTTP is tested
# with httpx2 there, with the newest httpx on 3.2, whose environment has no httpx2, and with the lowest on 3.1.
NO_AIRFLOW_BUT_HTTP := $(addprefix --ignore=tests/,sandbox dev models catalogue gateways media video contract security fuzz polling test_layers.py $(FILES))
NO_AIRFLOW := $(NO_AIRFLOW_BUT_HTTP) --ignore=tests/http
# What depends on the version of no library; the sandbox answers to other tests there, over the oldest Starlette.
NO_LIBRARY := $(addprefix --ignore=tests/,dev contract catalogue fuzz sandbox/modellix sandbox/kling models/test_properties.py polling test_layers.py $(RANDOM_REQUESTS))
# A second service, on a record in Variables (3.2) and in a task state store (3.3), which others have, too. What
# it does with a record in memory is tested once.
NO_SECOND_GATEWAY := --ignore=tests/second_gateway
NO_MEMORY := $(addprefix --ignore=tests/second_gateway/,test_bills.py test_capabilities.py)
# Each process imports Airflow and collects all tests first, which takes it half a minute.
SIDE_BY_SIDE := -n 2 --dist worksteal
QUICK := -m 'not e2e and not crash and not cluster and not browser'
# Runs targets, those that commas join side by side; one that fails stops no other.
PARTS = @$(CHECK_PYTHON) && $(PYTHON) -m dev.parts --at-once 3 --run '$(MAKE) --no-print-directory'
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
ENVIRONMENTS = $(call joined,$(AIRFLOWS:%=environment-%))
# The longest begin. End to end and in crashes, tests also wait for heartbeats and generations; then others compute.
CRASHES = test-crash-3.3,test-crash-3.4,test-crash-3.2
ALL_TESTS = test-e2e,test-crash-3.3,test-airflow-3.3,test-crash-3.4,test-airflow-3.1,test-crash-3.2,test-airflow-3.2,test-airflow-3.4
joined = $(subst $(space),$(comma),$(strip $(1)))
# S3 and OpenLineage are tested on the latest only: their many packages would have to agree with the pins of
# all. So is httpx2: the older ones show what httpx does.
EXTRAS = dev$(if $(filter $*,$(LATEST)),$(comma)dev-latest$(comma)httpx2)
comma := ,
space := $(subst ,, )
# One for each way of keeping a record: a task state store that a clear empties, one that it leaves alone, and
# Variables.
CRASHED := 3.4 3.3 3.2

VENV = .venv/airflow-$(LATEST)
BIN = $(VENV)/bin
READY = $(VENV)/.stamp

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help environments $(AIRFLOWS:%=environment-%) demo standalone test test-unit test-contract test-e2e test-crash $(AIRFLOWS:%=test-airflow-%) $(CRASHED:%=test-crash-%) lint format models reference constraints $(AIRFLOWS:%=constraints-%) clean

help:  ## list the targets
	@grep -hE '^[a-z][a-zA-Z0-9.-]*:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

environments:  ## set up an environment for each Airflow; a target sets up its own, too
	$(PARTS) $(ENVIRONMENTS)

$(AIRFLOWS:%=environment-%): environment-%: .venv/airflow-%/.stamp

demo: $(READY)  ## make a film: a real Airflow runs the example chain against the sandbox
	@$(BIN)/python -m dev.demo

standalone: $(READY)  ## Airflow's UI with the sandbox and the example DAGs, until Ctrl-C
	@$(BIN)/python -m dev.standalone

test:  ## everything: unit and contract tests on each Airflow, end to end, crashes
	$(PARTS) $(ENVIRONMENTS) $(ALL_TESTS)

test-airflow-3.1: .venv/airflow-3.1/.stamp  ## unit and contract tests on Airflow 3.1.0, with the lowest versions
	.venv/airflow-3.1/bin/python -m pytest $(SIDE_BY_SIDE) $(QUICK) $(NO_LIBRARY) $(NO_SECOND_GATEWAY)

test-airflow-3.2: .venv/airflow-3.2/.stamp  ## unit and contract tests on Airflow 3.2
	.venv/airflow-3.2/bin/python -m pytest $(SIDE_BY_SIDE) $(QUICK) $(NO_AIRFLOW_BUT_HTTP) $(NO_MEMORY)

test-airflow-3.3: .venv/airflow-3.3/.stamp  ## unit and contract tests on Airflow 3.3
	.venv/airflow-3.3/bin/python -m pytest $(SIDE_BY_SIDE) $(QUICK)

test-airflow-3.4: .venv/airflow-3.4/.stamp  ## unit and contract tests on the pre-release of Airflow 3.4
	.venv/airflow-3.4/bin/python -m pytest $(SIDE_BY_SIDE) $(QUICK) $(NO_AIRFLOW) $(NO_SECOND_GATEWAY)

test-unit: $(READY)  ## unit tests only, on the latest Airflow
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m 'not contract and not e2e and not crash and not cluster and not browser'

test-contract: $(READY)  ## the client against the sandbox, over real HTTP
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m contract

test-e2e: $(READY)  ## a real Airflow, with scheduler and triggerer, against the sandbox
	$(BIN)/python -m pytest tests/e2e

# Finds what hinders people who do not see well, or use no mouse.
AXE_CORE := 4.14.1
AXE := build/browser/node_modules/axe-core/axe.min.js
$(AXE): Makefile
	npm install --silent --no-save --prefix build/browser axe-core@$(AXE_CORE)
	@touch $@

.PHONY: test-browser pictures
test-browser: $(AIRFLOWS:%=.venv/airflow-%/.stamp) $(AXE)  ## the pages of a real Airflow, in a real Chromium (which has to be installed)
	$(BIN)/python -m pytest -m browser tests/browser

pictures: $(AXE) demo  ## take the pictures in docs/images
	$(BIN)/python -m pytest -m browser --pictures tests/browser/test_pictures.py
	$(BIN)/python -m dev.moving_picture "$$(ls -t .demo/output/*/film.mp4 | head -1)" docs/images/film.webp

test-crash:  ## kill parts of a real Airflow, and see that nothing is paid twice
	$(PARTS) $(CRASHES)

# Whether there is room at the service, and what becomes of a scheduler or a triggerer, do not depend on how a
# record is kept.
NO_RECORD := $(addprefix --ignore=tests/crash/,test_platform.py test_scenes.py test_scheduler.py test_triggerers.py)
test-crash-3.4: .venv/airflow-3.4/.stamp  ## the crashes on the pre-release of Airflow 3.4
	.venv/airflow-3.4/bin/python -m pytest tests/crash $(NO_RECORD)

test-crash-3.3: .venv/airflow-3.3/.stamp  ## the crashes on Airflow 3.3
	.venv/airflow-3.3/bin/python -m pytest tests/crash

test-crash-3.2: .venv/airflow-3.2/.stamp  ## the crashes on Airflow 3.2
	.venv/airflow-3.2/bin/python -m pytest tests/crash $(NO_RECORD)

.PHONY: test-cluster soak
test-cluster: $(READY)  ## 300 generations on PostgreSQL, Celery and Redis (which have to be installed), with crashes
	$(BIN)/python -m pytest -m cluster tests/cluster

soak: $(READY)  ## 20 minutes with random faults, on PostgreSQL: memory, connections, stuck tasks
	$(BIN)/python -m benchmarks.soak --minutes 20

.PHONY: hostile fuzz
hostile: $(READY)  ## ten thousand wrong answers and two thousand damaged files, through the operators
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --hostile 200 --timeout 1200 tests/security/test_hostile_answers.py tests/security/test_hostile_files.py

fuzz: $(READY)  ## each parser, with many more inputs than in a test run, and new ones each time
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --hypothesis-profile fuzz --timeout 3600 tests/fuzz

.PHONY: bench
bench: $(READY)  ## what polls cost, side by side with what a user would pick instead (an hour and a half)
	$(BIN)/python -m benchmarks.polls_per_task
	$(BIN)/python -m benchmarks.tiers
	$(BIN)/python -m benchmarks.poll_cost
	$(BIN)/python -m benchmarks.long_client
	$(BIN)/python -m benchmarks.triggers
	$(BIN)/python -m benchmarks.plot benchmarks/results/triggers.json docs/images/triggers.svg

lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy dev benchmarks

format: $(READY)  ## let ruff put the code in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

models: $(READY)  ## write docs/models.md from the code
	$(BIN)/python -m dev.models_page docs/models.md

reference: $(READY)  ## write docs/reference.md from the docstrings
	$(BIN)/python -m dev.reference docs/reference.md

constraints: $(AIRFLOWS:%=constraints-%)  ## resolve the newest dependencies again and pin them (rarely)

NEWEST := $(filter-out 3.1,$(AIRFLOWS))
$(NEWEST:%=constraints-%): constraints-%:
	rm -rf build/pin && $(PYTHON) -m venv build/pin
	build/pin/bin/python -m pip install -qq --constraint constraints/limits.txt --editable '.[$(EXTRAS)]' 'apache-airflow==$(or $(PRE_RELEASE_$*),$*.*)'
	build/pin/bin/python -m pip freeze --exclude-editable | LC_ALL=C sort -f > constraints/airflow-$*.txt
	rm -rf build/pin

# uv takes the lowest version of what pyproject.toml names. What these bring along stays as it is pinned.
NAMED := apache-airflow.*|opentelemetry.*|protobuf|googleapis-common-protos|deprecated|importlib.metadata|httpx|httpcore|pydantic.*|pyjwt|starlette|uvicorn|av|numpy|pillow|python-multipart|pytest.*|hypothesis|griffelib|jsonschema|mypy|psutil|ruff|types-psutil
constraints-3.1:
	rm -rf build/pin && $(PYTHON) -m venv build/pin && build/pin/bin/python -m pip install -qq uv
	grep -viE '^($(NAMED))==' constraints/airflow-3.1.txt > build/pin/others.txt
	rm constraints/airflow-3.1.txt
	build/pin/bin/uv pip compile pyproject.toml --extra dev --resolution lowest-direct --python-version 3.11 --quiet --no-header --no-annotate --constraint build/pin/others.txt --output-file constraints/airflow-3.1.txt
	rm -rf build/pin

clean:  ## remove environments, caches and what the demo left
	rm -rf .venv .demo .e2e .mypy_cache .pytest_cache .ruff_cache build dist

# -qq: pip's warnings about the index set-up of one machine are no news here.
# The pip that Python 3.11 brings takes twice as long as the newest.
.venv/airflow-%/.stamp: pyproject.toml constraints/airflow-%.txt
	@$(CHECK_PYTHON)
	@echo "setting up .venv/airflow-$* (the first time takes about a minute)"
	@test -x .venv/airflow-$*/bin/python || $(PYTHON) -m venv .venv/airflow-$*
	@.venv/airflow-$*/bin/python -m pip install -qq --upgrade pip
	@.venv/airflow-$*/bin/python -m pip install -qq --constraint constraints/airflow-$*.txt --editable '.[$(EXTRAS)]'
	@touch $@
