# Everything a clone needs: `make demo` and `make test` make their own environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 1

.PHONY: demo test quick lint bench clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

demo: $(VENV)/.installed  ## a minute of training on real digits
	$(BIN)/ganarium train dcgan --data digits --minutes $(MINUTES)

test: $(VENV)/.installed lint  ## what CI runs
	$(BIN)/python -m pytest

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)/.installed  ## paired, interleaved timings
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache
