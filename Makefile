# make demo: install, simulate, train, score, publish; ends at a page to open.   make test: the tests.
SHELL := bash
.SHELLFLAGS := -eo pipefail -c
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint clean

demo: .venv/train
	@echo 'A demonstration: a small network, minutes of training, simulated sounds.'
	@$(BIN)/seldbench data simulate desed-sim --scale tiny --data-root demo/data
	@$(BIN)/seldbench run --arch crnn --dataset desed-sim --variant demo --data-root demo/data \
	    > demo/scores.txt
	@cat demo/scores.txt
	@$(BIN)/seldbench publish "$$(tail -n 1 demo/scores.txt)" --data-root demo/data --out demo

test: .venv/dev
	$(BIN)/pytest

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

.venv/train .venv/dev: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "seldbench needs Python 3.11 to 3.13; say which: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check \
	    -e '.[train$(if $(filter %/dev,$@),$(comma)dev)]'
	@touch $@

comma := ,

clean:
	rm -rf .venv demo
