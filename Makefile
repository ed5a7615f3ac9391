# Two commands: `make up` runs Watchbill here, `make test` proves it. Nothing has to be installed but Python, git and make.
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
UV ?= uv
BIN := .venv/bin
# Compiling on every processor at once is much faster than pip's own way.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-input --no-compile --require-hashes --only-binary :all:
COMPILE := $(BIN)/python -m compileall -qq -j 0 .venv/lib || true
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
CHAOS := mkdir -p .local && export CHAOS_REPORT=$${CHAOS_REPORT:-$(CURDIR)/.local/chaos.jsonl} \
	CHAOS_ALERTS=$${CHAOS_ALERTS:-1000} CHAOS_SEEDS=$${CHAOS_SEEDS:-3}
T ?=
# Watchbill is ten processes, each started again after it died: none of them compiles what another has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up test proof mutants chaos soak bench bench-stuck bench-paging bench-schedules bench-live pictures format lock check check-format check-lint check-types check-imports check-templates \
	check-migrations check-documents
.DEFAULT_GOAL := up

up: .venv/base
	@exec $(BIN)/python manage.py up

test: .venv/dev
	@$(BIN)/python -m tests.programs --install
	@$(BIN)/python -m tests.phases $(T)

# The rules of schedules at length: 10,000 random schedules for each property instead of the 600 of `make test`, and every
# change of every zone's clock from 2020 to 2040 instead of one of each zone; the bounds of each field of the API; and each
# screen in both themes and sizes. Half an hour on two processors.
proof: .venv/dev
	@$(BIN)/pytest tests/oncall/schedules/test_properties.py tests/oncall/schedules/test_sweep.py \
		tests/core/api/test_contract.py --hypothesis-profile=proof --timeout=0 -n auto -v $(T)
	@$(BIN)/pytest tests/browser/test_every_screen.py -v

# Change the rules of schedules in one place after another and see whether their tests notice; fails below nine of ten.
# What was tried is kept in mutants/, so that the next call does the rest: an hour the first time.
mutants: .venv/dev
	@$(BIN)/python -m tests.mutants

# Break the running product on purpose, fault by fault: CHAOS_ALERTS alerts each, once for each of CHAOS_SEEDS seeds. What
# was survived is kept in .local/chaos.jsonl, so that after a failure or a Ctrl-C the next call does the rest, and T="-k f10"
# does a part. Each call writes docs/reliability.md from all that was counted and says in it what is still to come; when
# nothing is, the next begins anew. CHAOS_SLOWNESS=4 allows delays of four times their bound, on a machine with other work.
chaos: .venv/dev
	@$(CHAOS); $(BIN)/pytest tests/chaos -m "not soak" -p no:randomly -v -v $(T); ended=$$?; \
	case $$ended in 0|1|2|5) $(BIN)/python -m tests.chaos.report "$$CHAOS_REPORT" || exit;; esac; \
	[ $$ended -eq 0 ] || [ $$ended -eq 5 ]

# An hour (SOAK_SECONDS) of faults by chance; its line joins those that `make chaos` is collecting.
soak: .venv/dev
	@$(CHAOS) && $(BIN)/pytest tests/chaos -m soak -p no:randomly -v -v $(T)

# Limits and product side by side, as ratios; needs wrk. Fails below the targets.
bench: .venv/dev
	@command -v wrk >/dev/null || { echo "make bench needs wrk: apt-get install wrk" >&2; exit 1; }
	@$(BIN)/python -m bench.run

# The figures of paging beside models of other tools' rules, part by part: `make bench-paging T="latency storm"` for some,
# T=--long for the long ones too. Fails below the targets.
bench-paging: .venv/dev
	@$(BIN)/python -m bench.paging $(T)

# How long a look for stuck pages takes beside a million messages; fails above 50 ms.
bench-stuck: .venv/dev
	@$(BIN)/python -m bench.stuck

# The rules of schedules beside a plain prototype of them and beside Grafana OnCall. Fails below the targets.
bench-schedules: .venv/dev
	@$(BIN)/python -m bench.schedules

# A change until everybody else sees it, and what the board and a long room cost. Fails below the targets.
bench-live: .venv/dev
	@$(BIN)/python -m bench.live

# The pictures of the documentation, from the running product.
pictures: .venv/dev
	@$(BIN)/python docs/pictures.py

# `make -k check` goes on to the next after one failed.
check: check-format check-lint check-types check-imports check-templates check-migrations check-documents

check-format: .venv/dev
	$(BIN)/ruff format --check --quiet .

check-lint: .venv/dev
	$(BIN)/ruff check .

check-types: .venv/dev
	$(BIN)/mypy

check-imports: .venv/dev
	$(BIN)/lint-imports

check-templates: .venv/dev
	git ls-files -z 'templates/*.html' | xargs -0 -r $(BIN)/djade --check --target-version 5.2
	$(BIN)/djlint --lint --quiet templates

check-migrations: .venv/dev
	$(BIN)/pytest tests/architecture/test_migrations.py

check-documents: .venv/dev
	$(BIN)/pytest tests/architecture --ignore tests/architecture/test_migrations.py

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	-git ls-files -z 'templates/*.html' | xargs -0 -r $(BIN)/djade --target-version 5.2

# The pins name no host: pip finds the packages where it always does, and their hashes say whether they are the same.
lock:
	$(LOCK) --extra local -o requirements/base.txt pyproject.toml
	$(LOCK) -c requirements/base.txt -o requirements/production.txt pyproject.toml
	$(LOCK) --extra local --group dev -c requirements/base.txt -o requirements/dev.txt pyproject.toml

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Watchbill needs Python 3.11, 3.12 or 3.13."; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv is missing (on Debian: apt-get install python3-venv)."; exit 1; }

.venv/base: requirements/base.txt | .venv/bin/python
	@begin=$$(date +%s); echo "Installing the pinned packages into .venv ..."; \
	$(PIP) -r $< && { $(COMPILE); } && echo "Packages installed  $$(( $$(date +%s) - begin )) s"
	@touch $@

.venv/dev: requirements/dev.txt | .venv/bin/python
	@begin=$$(date +%s); echo "Installing the pinned packages for development into .venv ..."; \
	$(PIP) -r $< && { $(COMPILE); } && echo "Packages installed  $$(( $$(date +%s) - begin )) s"
	@touch $@ .venv/base
