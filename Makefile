# Everything a developer runs. `make demo` and `make test` set up what they need; `make help` lists the rest.
# All paths are relative and none is split by make, so that the checkout may stand in a folder with spaces.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo stack test check lint types bench servers clean

# make PYTHON=/opt/python3.13/bin/python3 demo   uses that interpreter to create .venv
PYTHON ?=
# make APT=no test                               installs no Debian package, even as root
APT ?= yes

VENV_PYTHON := .venv/bin/python
INSTALLED := .venv/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: $(INSTALLED) ## simulate a fleet for a week and report where its dollars went
	@$(VENV_PYTHON) -m gpuyield demo

stack: $(INSTALLED) servers ## a live fleet, Prometheus, Alertmanager and publish on loopback until Ctrl-C; PROMETHEUS=, ALERTMANAGER= name others
	@exec $(VENV_PYTHON) -m dashboards.stack

test: $(INSTALLED) servers ## run the tests; as root also install the Debian packages of real servers and a browser (APT=no: do not)
	$(VENV_PYTHON) -m pytest -n auto --dist loadfile

check: lint types test ## lint, types and test

lint: $(INSTALLED) ## check style and formatting
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .

# `.` and not the folders of pyproject.toml: mypy refuses to start when one of those has no module yet.
types: $(INSTALLED) ## check types, strictly
	$(VENV_PYTHON) -m mypy .

bench: $(INSTALLED) servers ## speed and memory, beside what one would use instead
	@$(VENV_PYTHON) -m pip install --quiet 'prometheus-api-client==0.7.2'
	$(VENV_PYTHON) -m benchmarks.pages
	$(VENV_PYTHON) -m benchmarks.prometheus_read
	$(VENV_PYTHON) -m benchmarks.cluster_collector

clean: ## remove .venv, caches and build output
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .cache build dist
	find . -name .git -prune -o -type d -name __pycache__ -exec rm -rf {} +

# The stamp is written last: an interrupted set-up starts again, a finished one needs no network any more.
$(INSTALLED): pyproject.toml
	@if ! $(VENV_PYTHON) -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    set -- python3 python3.14 python3.13 python3.12 python3.11; \
	    if [ -n "$(PYTHON)" ]; then set -- "$(PYTHON)"; fi; \
	    python=; seen=; \
	    for candidate in "$$@"; do \
	        version=$$("$$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	        seen="$$seen $$candidate is $$version;"; \
	        if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then python=$$candidate; break; fi; \
	    done; \
	    if [ -z "$$python" ]; then \
	        echo "gpuyield needs Python 3.11 or newer; found:$${seen:- none of $$*}" >&2; \
	        echo "Install one (Debian 12 or newer: apt-get install -y python3 python3-venv)," \
	            "or name one: make PYTHON=/path/to/python3 ..." >&2; \
	        exit 1; \
	    fi; \
	    if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	        echo "$$python $$version cannot create a virtual environment: its module venv or ensurepip is missing." >&2; \
	        echo "On Debian and Ubuntu: apt-get install -y python3-venv   (or python$$version-venv)" >&2; \
	        exit 1; \
	    fi; \
	    echo "Creating .venv with $$python $$version"; \
	    rm -rf .venv; \
	    "$$python" -m venv .venv || { rm -rf .venv; exit 1; }; \
	fi
	@echo "Installing gpuyield and its dependencies into .venv (once; needs the network)"
	@$(VENV_PYTHON) -m pip install --quiet -e '.[dev]'
	@touch $(INSTALLED)

# Some tests talk to a real Prometheus, VictoriaMetrics, Alertmanager or browser. Without them they are skipped, and say
# so; this step never fails.
servers:
	@missing=; \
	needs() { command -v "$$1" >/dev/null 2>&1 || missing="$$missing $$2"; }; \
	needs promtool prometheus; \
	needs victoria-metrics victoria-metrics; \
	needs prometheus-alertmanager prometheus-alertmanager; \
	needs chromium chromium; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	skipped() { echo "SKIPPED-SETUP:$$missing not installed: $$1"; exit 0; }; \
	by_hand="as root: apt-get install -y --no-install-recommends$$missing"; \
	[ "$(APT)" = yes ] || skipped "APT=$(APT) was asked for"; \
	command -v apt-get >/dev/null 2>&1 || skipped "this system has no apt-get; put the programs on the PATH"; \
	[ "$$(id -u)" = 0 ] || skipped "only root may ($$by_hand)"; \
	log=$$(mktemp) || skipped "no temporary file could be made"; \
	trap 'rm -f "$$log"' EXIT; \
	apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::http::Timeout=20 -o Acquire::Retries=1 \
	    -o DPkg::Lock::Timeout=60 "$$@" >>"$$log" 2>&1 </dev/null; }; \
	install() { apt install -y --no-install-recommends $$missing; }; \
	echo "Installing Debian's$$missing, for the tests that talk to real servers"; \
	install || { apt update && install; } \
	    || skipped "apt-get failed: $$(grep '^E:' "$$log" | tail -n 1)"
