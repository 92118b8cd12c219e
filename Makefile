# fengkong: `make` lists what there is.
# Both main targets work on a fresh machine with Python >= 3.11 and nothing else: they make .venv themselves,
# with uv where it is installed and pip elsewhere, at the versions of constraints.txt.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
# Threads of the numeric libraries in tests: two test processes share two cores.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 RAYON_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help demo test lint types contracts unit bench results clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: .venv/.run-installed ## install, then train, measure, seal and decide on simulated loan applications
	$(BIN)/fengkong demo

test: .venv/.dev-installed ## install, then lint, types, import contracts and the whole suite
	@$(MAKE) --no-print-directory lint types contracts unit

lint: .venv/.dev-installed ## ruff: lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.dev-installed ## mypy, strict
	$(BIN)/mypy

contracts: .venv/.dev-installed ## import-linter: the rooms and their direction
	$(BIN)/lint-imports --no-cache

unit: .venv/.dev-installed ## the test suite alone, on two processes
	$(ONE_THREAD) $(BIN)/pytest -n 2 --dist loadfile

bench: .venv/.dev-installed ## speed against the peers, side by side (P1-P4, P12); DATA=folder for real texts
	$(BIN)/python -m bench.speed $(if $(DATA),--data $(DATA))

results: .venv/.dev-installed ## figures on the real sets (Q1, Q5, Q6), 3 seeds, resumable; needs DATA=folder
	$(BIN)/python -m bench.quality --data $(DATA)

clean: ## remove .venv and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Installing. One call per target resolves all extras together, so that no step undoes another's versions.
define install
	test -x $(BIN)/python || $(if $(UV),uv venv -q --seed --python $(PYTHON) .venv,$(PYTHON) -m venv .venv)
	$(if $(UV),uv pip install -q --python $(BIN)/python $${PIP_FIND_LINKS:+--find-links $$PIP_FIND_LINKS},$(BIN)/python -m pip install -q --disable-pip-version-check) \
		-c constraints.txt -e '.[$(1)]'
	touch $@
endef

.venv/.run-installed: pyproject.toml constraints.txt
	@echo "Installing fengkong with training into .venv (1 to 3 minutes) ..."
	@$(call install,train$(comma)embed)

.venv/.dev-installed: pyproject.toml constraints.txt
	@echo "Installing fengkong with every extra into .venv (1 to 3 minutes) ..."
	@$(call install,all)

comma := ,
