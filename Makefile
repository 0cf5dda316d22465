# Everything a clone needs: `make demo` and `make test` make their own environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 1
WORKERS ?= 2
KILLS ?= 1000
TIMES ?= 20
SOAK_MINUTES ?= 20
SEED ?= 0

.PHONY: demo test test-all test-oldest test-newest lint bench soak claims docs clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

DEMO := runs/demo-$(shell date +%Y%m%d-%H%M%S)

demo: $(VENV)/.installed  ## a minute of training on real digits, then its score beside classical models and the floor
	$(BIN)/ganarium train r3gan --data digits --minutes $(MINUTES) --threads 1 --out $(DEMO)
	$(BIN)/python -m benchmarks.quality $(DEMO)

PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test: $(VENV)/.installed lint  ## what CI runs at every push
	$(PYTEST)

test-all: $(VENV)/.installed lint  ## every test: nightly, before a release, and ONLY="-k wgan-gp" for what a change touches
	$(PYTEST) -m "" $(ONLY)

test-oldest test-newest: test-%: $(VENV)/.installed  ## the contract on another PyTorch, where the registry has a CPU build
	PYTHON=$(BIN)/python WORKERS=$(WORKERS) .ci/lane $*

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)/.installed  ## paired, interleaved timings
	$(BIN)/python -m benchmarks

soak: $(VENV)/.installed  ## runs killed, damaged and starved: KILLS, TIMES of each fault, SOAK_MINUTES of a long run, SEED
	$(BIN)/python -m benchmarks.soak --kills $(KILLS) --times $(TIMES) --minutes $(SOAK_MINUTES) --seed $(SEED) $(SOAK)

claims: $(VENV)/.installed  ## every claim, into docs/claims; what stands, by its echo, is not played again
	$(BIN)/ganarium claim --all --out docs/claims

# The pictures of docs/theory.md: each is made once, by its lesson.
LESSONS := $(shell sed -n 's|^```{image} \(theory/.*\.png\)$$|docs/\1|p' docs/theory.md)

$(LESSONS): docs/theory/%.png: | $(VENV)/.installed
	@mkdir -p $(@D)
	$(BIN)/ganarium theory $* --out $@

docs: $(VENV)/.installed $(LESSONS)  ## the site, in docs/_build
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	$(BIN)/python -m ganarium.pages.zoo docs
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build

clean:
	rm -rf .venv* build *.egg-info .pytest_cache .ruff_cache
