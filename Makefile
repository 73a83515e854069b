# make demo: install, simulate, train, score, publish; ends at a page to open.   make test: the tests.
# make oracles: our numbers beside the official scorers', in an environment of its own (.oracles).
SHELL := bash
.SHELLFLAGS := -eo pipefail -c
PYTHON ?= python3
BIN := .venv/bin
ORACLE_PYTHON ?= python3.11
ORACLES := tests/oracles/requirements.txt

.PHONY: demo test oracles lint clean

demo: .venv/train
	@echo 'A demonstration: a small network, minutes of training, simulated sounds.'
	@$(BIN)/seldbench data simulate desed-sim --scale tiny --data-root demo/data
	@$(BIN)/seldbench run --arch crnn --dataset desed-sim --variant demo --data-root demo/data \
	    > demo/scores.txt
	@cat demo/scores.txt
	@$(BIN)/seldbench publish "$$(tail -n 1 demo/scores.txt)" --data-root demo/data --out demo

test: .venv/dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --maxprocesses 8 --dist worksteal

oracles: .oracles/ready
	OMP_NUM_THREADS=1 .oracles/bin/python -m pytest tests/oracles

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

.oracles/ready: $(ORACLES) pyproject.toml
	@$(ORACLE_PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
	    { echo 'The official scorers need Python 3.11 (or 3.12); $(ORACLE_PYTHON) is absent or another.'; \
	      echo 'Install one (pyenv install 3.11; uv python install 3.11; apt install python3.11-venv)'; \
	      echo 'or say where it is: make oracles ORACLE_PYTHON=/path/to/python3.11'; exit 1; }
	@rm -rf .oracles
	$(ORACLE_PYTHON) -m venv .oracles
	.oracles/bin/python -m pip install --disable-pip-version-check -r $(ORACLES) || \
	    { echo 'The pinned packages ($(ORACLES)) could not be installed. Without ready-made wheels for'; \
	      echo 'this Python and machine, pip builds them: that needs a C compiler.'; exit 1; }
	.oracles/bin/python -m pip install --disable-pip-version-check --no-deps -e .
	@touch $@

clean:
	rm -rf .venv .oracles demo
