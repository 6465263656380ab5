# Every target sets up what it needs first. The only prerequisites are python3 >= 3.11 with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
export EFFEKT_HOME ?= var
FUZZ_SECONDS ?= 60
export UV_COMPILE_BYTECODE = 1
# Trust what the machine trusts: a site with its own certificate authority installs like any other.
export UV_SYSTEM_CERTS = 1
export UV_NATIVE_TLS = 1
export PYTHONUTF8 = 1

.PHONY: setup run test test-long check ui bench fuzz spark-setup spark spark-java lock clean

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

run: setup
	@$(BIN)/effekt run --sample

test: setup
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-long: setup
	@$(BIN)/python -m pytest -m long

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

ui: setup
	@$(BIN)/python -m assets.ui

bench: setup
	@$(BIN)/python -m benchmarks

# Into an environment of its own beside the other: atheris is no part of what the tests need.
fuzz: setup
	@$(BIN)/uv pip install --quiet --require-hashes --target .fuzz/packages --python $(BIN)/python --requirement requirements-fuzz.lock
	@PYTHONPATH=.fuzz/packages $(BIN)/python -m tests.fuzz $(FUZZ_SECONDS)

# Spark's client, and Sail to serve it in tests; both only beside what is there.
spark-setup: setup
	@$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python --requirement requirements-spark.lock

spark: spark-setup
	@$(BIN)/python -m pytest -m spark

spark-java: spark-setup
	@$(BIN)/python -m pytest -m java

lock: setup
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock
	@$(BIN)/uv pip compile --group fuzz --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet --output-file requirements-fuzz.lock
	@$(BIN)/uv pip compile --group spark --constraint requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet --output-file requirements-spark.lock

clean:
	@rm -rf .venv var .keys .fuzz
