# Every word prepares .venv first (tools/bootstrap.py) and stores everything in one folder: .local, or CRM_HOME.
# CONTRIBUTING.md and docs/operations.md explain the words.

PYTHON ?= python3
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -gt 4 ] && n=4; echo $$n)
PREPARE := $(PYTHON) tools/bootstrap.py
PREPARE_DEV := $(PYTHON) tools/bootstrap.py --dev
BIN := .venv/bin
# Told to leave no compiled files beside sources, Python would compile Django anew in each of the processes that tests start.
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.local/compiled
endif
CHINESE := locale/zh_Hans/LC_MESSAGES/django.po

.PHONY: help run reset lint format types contracts migrations test test-all bench chaos mutants lock messages

help:  ## what each word does
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

run:  ## everything up at http://localhost:8000 (PORT=...), until Ctrl-C
	@$(PREPARE) crm.operations.supervisor

reset:  ## remove everything this clone has stored
	@$(PYTHON) -m crm.operations.servers.reset

lint:  ## ruff
	@$(PREPARE_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format:  ## ruff, changing the files
	@$(PREPARE_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types:  ## mypy --strict
	@$(PREPARE_DEV)
	$(BIN)/mypy

contracts:  ## floors and rooms
	@$(PREPARE_DEV)
	$(BIN)/lint-imports

migrations:  ## whether every model has its migration
	@$(PREPARE_DEV)
	CRM_ENV=test $(BIN)/python manage.py makemigrations --check --dry-run --skip-checks

test:  ## the tests, on all cores (PYTEST="-k freeze" for some)
	@$(PREPARE_DEV)
	$(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder -m "not slow" $(PYTEST)

test-all:  ## the tests, the slow ones too
	@$(PREPARE_DEV)
	$(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(PYTEST)

bench:  ## measure everything, on servers of its own, into benchmarks/latest.json (PARTS="bulk pages" for some)
	@$(PREPARE_DEV) benchmarks.suite $(PARTS)

chaos:  ## kill web, worker, beat, broker and database while 100,000 transactions arrive, compare the end with a calm run (CHAOS="--kills 20")
	@$(PREPARE_DEV) benchmarks.chaos $(CHAOS)

mutants:  ## take every guard away, one at a time, and see whether a test notices; hours, goes on where it stopped (MUTANTS=--matrix, --list, --record)
	@$(PREPARE_DEV)
	$(BIN)/python tools/mutants.py $(MUTANTS)

lock:  ## write the locks after a change of requirements*.txt (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --only-binary :all: --quiet requirements.txt --output-file requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --only-binary :all: --quiet requirements-dev.txt --output-file requirements-dev.lock

messages:  ## collect new texts into locale/ and say what is missing (needs gettext)
	@$(PREPARE_DEV)
	$(BIN)/python manage.py makemessages --locale zh_Hans --no-obsolete --no-wrap --add-location file --ignore .local --ignore node_modules --ignore "test_*.py"
	@msgattrib --untranslated --no-wrap --no-obsolete $(CHINESE)
	@msgattrib --only-fuzzy --no-wrap --no-obsolete $(CHINESE)
	msgfmt --check-format --statistics --output-file /dev/null $(CHINESE)
