# `make demo` and `make test` need nothing but Python 3.11 or newer and a network for the first run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA := .data
QUESTION := Why does India keep channels open to Russia?

.PHONY: demo chat test test-milvus lint format clean

demo: $(VENV)/.installed
	@$(BIN)/backchannel ask "$(QUESTION)" --data-dir $(DATA)
	@echo
	@echo "Next: make chat, or $(BIN)/backchannel ask \"…\" --data-dir $(DATA)"

chat: $(VENV)/.installed
	@$(BIN)/backchannel chat --data-dir $(DATA)

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# The whole contract of an index on a real Milvus server, in a network namespace of its own.
test-milvus: $(VENV)/.installed-test
	unshare --user --map-root-user --net --kill-child $(CURDIR)/$(BIN)/python -m tests.retrieval.milvus_server \
		$(CURDIR)/$(BIN)/python -m pytest tests/retrieval/test_index_contract.py -k "milvus and server"

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(DATA)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV); the first time takes a few minutes."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
