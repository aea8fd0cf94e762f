# `make` trains and compares the three models; `make help` lists the rest.

# The first that runs: a shim of pyenv is there without running.
PYTHON ?= $(firstword $(foreach version,3.11 3.12 3.13,$(shell python$(version) -c '' 2>/dev/null && echo python$(version))) python3)
BASE ?= main
MODEL ?= models/recommended.keras
TABLE_OPTIONS = task:TASK threshold:THRESHOLD positive:POSITIVE header:HEADER skip:SKIP missing:MISSING kinds:KINDS budget:BUDGET
export BASE FILE TARGET TASK THRESHOLD POSITIVE HEADER SKIP MISSING KINDS BUDGET MODEL ROWS
# With it, `python -m stages.train` would not find this folder.
unexport PYTHONSAFEPATH
# The stages call `python`: it must be the environment's own.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := all
.PHONY: all back changed help setup test test-fast test-slow lint format benchmark experiments plan pull-request plots-page readme report-picture axe requirements same-bytes clean

all: setup ## train the three models, as far as anything changed, and print how they did
	@python -m tools.plan --to-run
	@dvc repro
	@python -m tools.summary

# In a clone without DVC's cache, `dvc repro` would train every model again, and another processor's rounding would show
# as a change. The data are needed whole before the rest can be passed over.
changed: setup ## run what changed, but not what is merely missing here: for a clone without the cache
	@dvc repro prepare
	@if grep --quiet '"origin": "standin"' data/raw/source.json; \
	then echo "the published table cannot be reached: nothing is trained on the stand-in"; else dvc repro --allow-missing; fi

# Git takes a file for unchanged where DVC wrote as many bytes in the second of git's last look: touched, it looks again.
back: setup ## go back to the last commit: params.yaml, dvc.lock, results and models; other files stay as they are
	@find params.yaml dvc.lock metrics plots -type f -exec touch {} +
	@git checkout --quiet HEAD -- params.yaml dvc.lock metrics plots
	@dvc checkout --quiet --allow-missing

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed ## make .venv from requirements.txt
	@git rev-parse --git-dir > /dev/null || { echo "expected a clone of git, which DVC needs: where this is a download, \
	git init, git add --all and git commit make one; where the folder is another person's, git says above what to do"; \
	exit 1; }

.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and \
		"expected Python 3.11, 3.12 or 3.13, for which TensorFlow is published; received " + sys.version)'
	@$(PYTHON) -m venv .venv
	@echo "installing the pinned packages into .venv (3.2 GB, a minute or more)"
	@if command -v uv > /dev/null; then uv pip install --quiet --python .venv/bin/python --requirement requirements.txt; \
	else .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt; fi
	@# DVC's own notes on files would go to a folder where anybody on this machine may write.
	@.venv/bin/dvc config --local core.site_cache_dir "$(CURDIR)/.dvc/tmp/state"
	@touch $@

test: setup ## run the tests; ARGS="-k dropout" goes to pytest
	@python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-fast: setup ## run the tests that take seconds: the inner loop
	@python -m pytest -m "not slow and not training" $(ARGS)

test-slow: setup ## run the long tests: simulations, random inputs by the thousand
	@python -m pytest --numprocesses 2 --dist load -m slow $(ARGS)

lint: setup ## check style, format and types
	@ruff check .
	@ruff format --check .
	@basedpyright

format: setup ## mend style and format
	@ruff check --fix .
	@ruff format .

same-bytes: setup ## train a little on two emulated processors and compare the bytes (QEMU; ten minutes)
	@python -m tools.same_bytes

benchmark: setup ## measure plain fit, the train stages' fit and the population in one run
	@python -m benchmarks.run
	@python -m benchmarks.sweep_scaling

pull-request: setup ## compare with BASE (default main): writes pull_request.md and pictures
	@python -m tools.pull_request --base "$$BASE"

plots-page: setup ## make the self-contained page of `dvc plots` again, after an upgrade of vl-convert
	@python -m tools.plots_page

experiments: setup ## print the experiments beside this state and the last commit: params, differences, verdicts
	@python -m tools.experiments

readme: setup ## write the figures of README.md, docs/ and the notebook anew from metrics/
	@python -m tools.readme
	@python -m tools.pull_request.examples
	@jupyter execute --inplace notebooks/results.ipynb

table: setup ## use a table of your own: FILE=my.csv TARGET=column (options: docs/your-own-table.md)
	@python -m tools.table $(foreach its,$(TABLE_OPTIONS),$(if $($(lastword $(subst :, ,$(its)))),$(subst :,="$$,--$(its)"))) \
		-- "$$FILE" "$$TARGET"

plan: setup ## print what each stage takes with the present params.yaml, in time and memory
	@python -m tools.plan

predict: setup ## score new rows with the recommended network (or MODEL=models/base.keras): ROWS=rows.csv (STRICT=1 fills in nothing)
	@python -m tools.predict $(if $(STRICT),--strict) -- "$$MODEL" "$$ROWS"

report-picture: setup ## draw docs/report.png, the README's picture of the report, anew (needs chromium)
	@python -m tools.report_picture

axe: ## fetch axe-core into .axe, for the browser test of the report (npm)
	@npm install --silent --no-save --no-audit --no-fund --prefix .axe axe-core@4.14.1

requirements: setup ## resolve requirements.in into requirements.txt (installs uv into .venv)
	@python -m pip install --quiet uv
	@uv pip compile --universal --python-version 3.11 --no-header --no-annotate --quiet --upgrade \
		requirements.in --output-file requirements.txt

clean: ## remove what a run leaves behind, .venv and DVC's cache included; metrics and plots in git stay
	@rm -rf .venv .dvc/cache .dvc/tmp data/raw data/prepared models/*.keras plots/report.html dvc_plots \
		pull_request pull_request.md benchmarks/results.* .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
