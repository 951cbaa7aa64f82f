PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test test-deep test-oldest test-compiled test-engines fuzz mutants notebooks docs docs-serve release-check lint bench format clean

demo: $(STAMP)
	$(BIN)/headgate demo --html demo-out/demo.html

# One process for each core, up to eight: each holds the frameworks in memory. WORKERS=0 runs the tests in this process.
WORKERS ?= auto
SIDE_BY_SIDE := --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal
test: $(STAMP)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

# Random examples, 10,000 a property.
test-deep: $(STAMP)
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest $(SIDE_BY_SIDE)

# The suite on the lowest versions that the distributions declare, in an environment of its own. What old versions of
# other projects deprecate is not ours to mend.
OLDEST := .venv-oldest
OLDEST_PYTHON ?= python3.10
test-oldest:
	$(OLDEST_PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --upgrade pip tomli
	$(OLDEST)/bin/python -m tools.floors > $(OLDEST)/floors.txt
	$(OLDEST)/bin/python -m pip install --quiet --constraint $(OLDEST)/floors.txt \
		--group test --group integrations/langchain/pyproject.toml:test --group integrations/llama-index/pyproject.toml:test \
		--group integrations/haystack/pyproject.toml:test -e integrations/haystack \
		-e '.[tokens,otel,plots,parquet,scale,duckdb,feeds,sql,calendars,stores,skos,tbx,xlsx,fast]' -e 'integrations/langchain[agents,demo]' -e 'integrations/llama-index[rehearsal]'
	$(OLDEST)/bin/python -m pytest $(SIDE_BY_SIDE) -W ignore::DeprecationWarning

# What reads texts, compiled by mypyc from the same source, and the tests of terminology on that. Needs a C compiler and a
# package index. It is built beside the source: the hook puts pyproject.toml aside while it runs.
COMPILED := .compiled
test-compiled: $(STAMP)
	rm -rf $(COMPILED) && mkdir -p $(COMPILED)/source
	cp -r src pyproject.toml README.md CHANGELOG.md LICENSE $(COMPILED)/source
	HATCH_BUILD_HOOK_ENABLE_MYPYC=1 $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir $(COMPILED) $(COMPILED)/source
	$(BIN)/python -m pip install --quiet --no-deps --target $(COMPILED)/site $(COMPILED)/headgate-*.whl
	PYTHONPATH=$(COMPILED)/site $(BIN)/python -c \
		"import headgate.terminology.matching as m; assert not m.__file__.endswith('.py'), m.__file__"
	PYTHONPATH=$(COMPILED)/site $(BIN)/python -m pytest -q tests/terminology

# Ray and Spark, the real ones, on this machine alone. Needs a package index once; Spark needs Java 17, and is passed over
# with a notice without it.
ENGINES := .venv-engines
test-engines:
	$(PYTHON) -m venv $(ENGINES)
	$(ENGINES)/bin/python -m pip install --quiet --upgrade pip
	$(ENGINES)/bin/python -m pip install --quiet pytest -e '.[ray,spark,scale]'
	$(ENGINES)/bin/python -m pytest -c /dev/null --rootdir=tests --confcutdir=tests -p no:cacheprovider -rs -q tests/test_engines.py

# A million mutated seals and a hundred thousand mutated manifests, then Atheris on every target, for so long each.
FUZZ_SECONDS ?= 60
fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet --group fuzz
	PYTHONPATH=tests $(BIN)/python -m fuzzing.campaign
	PYTHONPATH=tests $(BIN)/python -m fuzzing.explore --seconds $(FUZZ_SECONDS)

# Small changes to the decision core, one at a time: which would no test notice? As many, chosen by the seed, from each room;
# COUNT=0 tries all, which takes a day.
COUNT ?= 280
SEED ?= 1
mutants: $(STAMP)
	HYPOTHESIS_PROFILE=mutants $(BIN)/python tests/mutation.py --count $(COUNT) --seed $(SEED)

# The proxy leads nowhere: a notebook that asks the network fails.
notebooks: $(STAMP)
	HTTPS_PROXY=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9 $(BIN)/python -m pytest -c /dev/null \
		--rootdir=notebooks --confcutdir=notebooks -p no:cacheprovider -p no:asyncio --nbmake --nbmake-timeout=120 -q notebooks

# The documentation site, into site/: offline, and every warning is an error. `make docs-serve` shows it while you write.
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 HTTPS_PROXY=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9 $(BIN)/python -m mkdocs build --strict

docs-serve: $(STAMP)
	$(BIN)/python -m mkdocs serve

# Builds the distributions into dist/, installs each into an empty environment and uses it there. Needs a package index.
release-check: $(STAMP)
	$(BIN)/python -m pip install --quiet --group release
	$(BIN)/python -m tools.release_check $(if $(TAG),--tag $(TAG))

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.prose

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	$(BIN)/python -W ignore -m benchmarks.admission
	$(BIN)/python -W ignore -m benchmarks.traffic
	$(BIN)/python -W ignore -m benchmarks.overhead
	$(BIN)/python -W ignore -m benchmarks.way
	$(BIN)/python -W ignore -m benchmarks.replay
	$(BIN)/python -W ignore -m benchmarks.corpus
	$(BIN)/python -W ignore -m benchmarks.log_tables
	$(BIN)/python -W ignore -m benchmarks.manifest
	$(BIN)/python -W ignore -m benchmarks.sealing
	$(BIN)/python -W ignore -m benchmarks.corpora
	$(BIN)/python -W ignore -m benchmarks.live
	$(BIN)/python -W ignore -m benchmarks.terminology
	$(BIN)/python -W ignore -m benchmarks.loading
	$(BIN)/python -W ignore -m benchmarks.learning
	$(BIN)/python -W ignore -m benchmarks.near_misses
	MPLBACKEND=Agg $(BIN)/python -W ignore -m benchmarks.rehearsal

clean:
	rm -rf $(VENV) $(OLDEST) $(ENGINES) $(COMPILED) demo-out dist site

# Dependency groups need pip 25.1 or newer, so pip is upgraded first.
$(STAMP): pyproject.toml $(wildcard integrations/*/pyproject.toml)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --group dev --group integrations/langchain/pyproject.toml:test \
		--group integrations/langchain/pyproject.toml:stores --group integrations/llama-index/pyproject.toml:test \
		--group integrations/haystack/pyproject.toml:test -e integrations/haystack \
		-e '.[tokens,otel,plots,parquet,scale,duckdb,feeds,sql,calendars,stores,skos,tbx,xlsx,fast]' -e 'integrations/langchain[demo]' -e integrations/llama-index
	touch $(STAMP)
