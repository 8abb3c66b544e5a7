# Needs Python 3.11 or newer, git and make; everything else comes with the environment.

BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock"
# The build takes htmx out of django-htmx, without Django; the tests run one receiver in it.
NO_DJANGO := --no-emit-package django --no-emit-package asgiref --no-emit-package sqlparse
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test quick check lint format docs bench fuzz audit lock clean

help: ## Say what there is.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

run: .venv/.run-ready ## Start the server; ARGS="--port 9000 --bin deskpro" passes flags on.
	@exec $(BIN)/inspector serve $(ARGS)

test: .venv/.dev-ready ## Run the whole suite; ARGS="tests/forms -x" passes arguments to pytest.
	@sh .ci/machine chromium chromium-headless-shell libatomic1 postgresql
	@sh .ci/test $(BIN)/python $(ARGS)

quick: .venv/.dev-ready ## Run what is pure code or a single process, in a minute or two.
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -q \
		--ignore=tests/e2e --ignore=tests/attacks \
		-m "not browser and not postgres and not process and not attack and not slow and not alone" $(ARGS)

check: lint ## What CI runs: lint, types, import floors, tests with coverage.
	@sh .ci/machine chromium chromium-headless-shell libatomic1 postgresql
	@$(BIN)/coverage erase
	@sh .ci/test "$(BIN)/coverage run" $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --skip-covered --fail-under=95
	@$(BIN)/coverage report --include='inspector/forms/*' --skip-covered --fail-under=100

lint: .venv/.dev-ready ## Lint, types and import floors only.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache

format: .venv/.dev-ready ## Format, and mend what can be mended by itself.
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

docs: .venv/.dev-ready ## Write the README's reference from the code.
	@$(BIN)/python -m tests.reference

bench: .venv/.dev-ready ## Measure.
	@missed=0; for bench in tests/bench/bench_*.py; do \
		echo "== $$bench"; $(BIN)/python $$bench || missed=1; \
	done; exit $$missed

fuzz: .venv/.dev-ready ## Run the property tests for long.
	@$(BIN)/python -m pytest -m hypothesis --hypothesis-profile fuzz $(ARGS)

audit: .venv/.run-ready ## Ask for known vulnerabilities in what is locked.
	@sh .ci/audit $(BIN)

lock: .venv/.run-ready ## Renew requirements/ from pyproject.toml.
	@$(LOCK) $(NO_DJANGO) --upgrade --group env -o requirements/uv.txt
	@$(LOCK) $(NO_DJANGO) --upgrade pyproject.toml --extra pictures --extra postgres --group env --group build \
		--constraint requirements/uv.txt -o requirements/run.txt
	@$(LOCK) --upgrade pyproject.toml --all-extras --group env --group build --group dev \
		--constraint requirements/run.txt -o requirements/dev.txt

clean: ## Remove the environment and everything built or cached.
	@rm -rf .venv build dist static/vendor screenshots htmlcov .coverage .coverage.* \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A vanished interpreter makes the environment anew, a changed lock brings it up to date.
$(BIN)/python: ;

.venv/.run-ready: requirements/run.txt requirements/uv.txt pyproject.toml hatch_build.py $(BIN)/python
	@sh .ci/environment run

.venv/.dev-ready: requirements/dev.txt requirements/uv.txt pyproject.toml hatch_build.py $(BIN)/python
	@sh .ci/environment dev
