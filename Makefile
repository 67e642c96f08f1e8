.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
RUNS := censorscope-runs
ARENA_VENV := .venv-arena
ARENA_INSTALLED := $(ARENA_VENV)/.installed

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("censorscope needs Python 3.11 or newer: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --upgrade --progress-bar off --quiet 'pip>=25.1'
	@echo "installing censorscope and its development tools into $(VENV) (a few minutes the first time)"
	PYTHONWARNINGS=ignore $(BIN)/pip install --progress-bar off --quiet --editable . --group dev
	touch $@

install: $(INSTALLED) ## make .venv with everything in it

demo: $(INSTALLED) $(RUNS)/.champion ## train, track, promote, and label an article
	@echo
	@echo "== The demo article (data/demo/article.txt), labelled by @champion =="
	@$(BIN)/censorscope label --model models:/censorscope@champion data/demo/article.txt
	@echo
	@echo "See the run, its plots and the model versions:  make ui"
	@echo "Label a file of your own:                       $(BIN)/censorscope label FILE"
	@echo "Ask why a sentence got its labels:              $(BIN)/censorscope explain \"SENTENCE\""

$(RUNS)/.champion: $(wildcard data/corpus/*.jsonl features/* models/*.py train/*.py)
	$(BIN)/censorscope train
	@# Refused (1), the version that was champion labels the article.
	$(BIN)/censorscope promote || test $$? -eq 1
	touch $@

ui: $(INSTALLED) ## open the MLflow UI on http://127.0.0.1:5000
	$(BIN)/censorscope ui

test: $(INSTALLED) ## run every test
	$(BIN)/python -m pytest

test-spark: $(INSTALLED) ## run the tests on a local Spark (installs pyspark; needs Java 17 or newer)
	@java -version >/dev/null 2>&1 || { echo "no Java on the PATH: Spark needs 17 or newer" >&2; exit 1; }
	$(BIN)/pip install --progress-bar off --quiet --group spark
	$(BIN)/python -m pytest -m spark

lint: $(INSTALLED) ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED) ## check types
	mkdir -p build/types
	ln -sfn "$(CURDIR)" build/types/censorscope
	MYPYPATH=build/types $(BIN)/mypy $(foreach p,data features models train evaluate,-p censorscope.$(p)) -m censorscope.__main__

wheel: $(INSTALLED) ## build the wheel into dist/ and check what is in it
	rm -rf build/lib build/bdist.* dist
	$(BIN)/python -m build --wheel --outdir dist . >/dev/null
	$(BIN)/python -m tests.check_wheel dist

default-model: $(INSTALLED) ## train the model that ships in the package anew
	$(BIN)/python -m censorscope.train.default_model

corpus-figures: $(INSTALLED) ## measure the corpus anew (docs/corpus.md); BENCHMARK=FILE scores it too
	$(BIN)/python benchmarks/corpus.py $(if $(BENCHMARK),--data $(BENCHMARK))

ablation: $(INSTALLED) ## what each part of the model is worth (docs/ablation.md); BENCHMARK=FILE scores it too
	$(BIN)/python benchmarks/ablation.py $(if $(BENCHMARK),--data $(BENCHMARK))

floors: $(INSTALLED) ## measure anew what the shipped model's behaviour may not fall below
	$(BIN)/python -m tests.evaluate.floors

$(ARENA_INSTALLED): pyproject.toml
	test -x $(ARENA_VENV)/bin/python || $(PYTHON) -m venv $(ARENA_VENV)
	$(ARENA_VENV)/bin/pip install --upgrade --progress-bar off --quiet 'pip>=25.1'
	@echo "installing censorscope and its rivals into $(ARENA_VENV) (over 2 GB, some minutes)"
	PYTHONWARNINGS=ignore $(ARENA_VENV)/bin/pip install --progress-bar off --quiet --editable . --group arena
	touch $@

arena: $(ARENA_INSTALLED) ## rivals trained and scored beside the model (docs/arena.md); BENCHMARK=FILE scores it too
	$(ARENA_VENV)/bin/python benchmarks/quality.py $(if $(BENCHMARK),--data $(BENCHMARK)) $(addprefix --model ,$(MODELS))

memory-proof: $(INSTALLED) ## label 2 GB in every format and print the resident peak (half an hour; MEGABYTES=200)
	$(BIN)/python benchmarks/memory.py $(if $(MEGABYTES),--megabytes $(MEGABYTES))

kill-proof: $(INSTALLED) ## kill -9 labelling at random, go on, compare bytes (minutes; ROUNDS=10)
	$(BIN)/python benchmarks/kill.py $(if $(ROUNDS),--rounds $(ROUNDS))

speed: $(INSTALLED) ## measure speed, cold start and training cost anew (benchmarks/README.md); BENCHMARK=FILE times it too
	$(BIN)/python benchmarks/cold_start.py --write
	$(BIN)/python benchmarks/speed.py --write $(if $(BENCHMARK),--data $(BENCHMARK))
	$(BIN)/python benchmarks/training.py --write

clean: ## delete what can be made again (not your runs)
	rm -rf $(VENV) $(ARENA_VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: ablation arena help install demo ui test test-spark lint types wheel default-model \
	corpus-figures floors memory-proof kill-proof speed clean
