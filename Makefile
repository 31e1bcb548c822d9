# Every target sets up what it needs: Python 3.11 or newer, make and a package registry are enough.
PYTHON ?= python3
AIRFLOWS := 3.1 3.2 3.3
LATEST := 3.3
# Tests of what has no Airflow in it (tests/test_layers.py shows that); once, on the latest, is enough.
NO_AIRFLOW := $(addprefix --ignore=tests/,sandbox dev models http gateways catalogue media video)
# Most tests wait, for the sandbox or for an Airflow; three at a time keep two cores busy. End to end each
# process has an Airflow of its own.
SIDE_BY_SIDE := -n 3 --dist worksteal
END_TO_END := -n 2 --dist loadfile
# Targets run one by one, whatever make is told, but for those that a recipe wants side by side.
TOGETHER = @$(MAKE) --no-print-directory --jobs=$(words $(AIRFLOWS)) --output-sync=target ONE_BY_ONE=
ONE_BY_ONE := yes
# S3 is tested on the latest only: its many packages would have to agree with the pins of all three.
EXTRAS = dev$(if $(filter $*,$(LATEST)),$(comma)dev-s3)
comma := ,
CRASHED := 3.3 3.2  # one for each way of keeping a record: the task state store, and Variables

VENV = .venv/airflow-$(LATEST)
BIN = $(VENV)/bin
READY = $(VENV)/.stamp

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
ifneq ($(ONE_BY_ONE),)
.NOTPARALLEL:
endif
.PHONY: help environments demo standalone test test-unit test-contract test-e2e test-crash $(AIRFLOWS:%=test-airflow-%) $(CRASHED:%=test-crash-%) lint format models constraints clean

help:  ## list the targets
	@grep -hE '^[a-z][a-zA-Z0-9.-]*:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

environments:  ## set up an environment for each Airflow; a target sets up its own, too
	$(TOGETHER) $(AIRFLOWS:%=.venv/airflow-%/.stamp)

demo: $(READY)  ## make a film: a real Airflow runs the example chain against the sandbox
	@$(BIN)/python -m dev.demo

standalone: $(READY)  ## Airflow's UI with the sandbox and the example DAGs, until Ctrl-C
	@$(BIN)/python -m dev.standalone

test: environments $(AIRFLOWS:%=test-airflow-%) test-e2e test-crash  ## everything: unit and contract tests on each Airflow, end to end, crashes

test-airflow-3.1: .venv/airflow-3.1/.stamp  ## unit and contract tests on Airflow 3.1
	.venv/airflow-3.1/bin/python -m pytest $(SIDE_BY_SIDE) -m 'not e2e and not crash' $(NO_AIRFLOW)

test-airflow-3.2: .venv/airflow-3.2/.stamp  ## unit and contract tests on Airflow 3.2
	.venv/airflow-3.2/bin/python -m pytest $(SIDE_BY_SIDE) -m 'not e2e and not crash' $(NO_AIRFLOW)

test-airflow-3.3: .venv/airflow-3.3/.stamp  ## unit and contract tests on Airflow 3.3
	.venv/airflow-3.3/bin/python -m pytest $(SIDE_BY_SIDE) -m 'not e2e and not crash'

test-unit: $(READY)  ## unit tests only, on the latest Airflow
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m 'not contract and not e2e and not crash'

test-contract: $(READY)  ## the client against the sandbox, over real HTTP
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m contract

test-e2e: $(READY)  ## a real Airflow, with scheduler and triggerer, against the sandbox
	$(BIN)/python -m pytest $(END_TO_END) -m e2e

test-crash:  ## kill parts of a real Airflow, and see that nothing is paid twice
	$(TOGETHER) $(CRASHED:%=test-crash-%)

test-crash-3.3: .venv/airflow-3.3/.stamp  ## the crashes on Airflow 3.3
	.venv/airflow-3.3/bin/python -m pytest -m crash

test-crash-3.2: .venv/airflow-3.2/.stamp  ## the crashes on Airflow 3.2
	.venv/airflow-3.2/bin/python -m pytest -m crash

lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy dev

format: $(READY)  ## let ruff put the code in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

models: $(READY)  ## write docs/models.md from the code
	$(BIN)/python -m airflow_provider_kling.catalogue page docs/models.md

constraints:  ## resolve the newest dependencies anew and pin them (rarely)
	for version in $(AIRFLOWS); do \
	  extras=dev; test $$version != $(LATEST) || extras=dev,dev-s3; \
	  rm -rf build/pin && $(PYTHON) -m venv build/pin && \
	  build/pin/bin/python -m pip install -qq --constraint constraints/limits.txt --editable ".[$$extras]" "apache-airflow==$$version.*" && \
	  build/pin/bin/python -m pip freeze --exclude-editable | LC_ALL=C sort -f > constraints/airflow-$$version.txt || exit 1; \
	done
	rm -rf build/pin

clean:  ## remove environments, caches and what the demo left
	rm -rf .venv .demo .e2e .mypy_cache .pytest_cache .ruff_cache build dist

# -qq: pip's warnings about the index set-up of one machine are no news here.
.venv/airflow-%/.stamp: pyproject.toml constraints/airflow-%.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@echo "setting up .venv/airflow-$* (the first time takes about a minute)"
	@test -x .venv/airflow-$*/bin/python || $(PYTHON) -m venv .venv/airflow-$*
	@.venv/airflow-$*/bin/python -m pip install -qq --constraint constraints/airflow-$*.txt --editable '.[$(EXTRAS)]'
	@touch $@
