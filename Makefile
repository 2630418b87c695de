# journeylab: `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STUDY ?= data/shop

export PYTHONHASHSEED := 0
export OMP_NUM_THREADS := 1
# Compiled modules are kept in .venv: without them every notebook would compile pandas anew.
unexport PYTHONDONTWRITEBYTECODE

# Spark is as large as all else together, and only tests and studies with engine = "spark://..." need it.
locked = awk '/^[a-z]/{on=/^(pyspark|py4j)==/} $(1)on' requirements.lock

.DEFAULT_GOAL := help
.PHONY: help setup report test lint claims lab lock simulate programs spark clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY)  ## make the environment in .venv (needs only Python 3.11 with pip)

# uv comes first, by pip and with its hash from the lock: it makes the environment in seconds, also where venv is absent.
$(READY): requirements.lock pyproject.toml
	@rm -rf $(VENV) .tools && mkdir -p .tools
	@awk '/^uv==/{found=1} found{print} found && !/\\$$/{exit}' requirements.lock > .tools/uv.lock
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target .tools -r .tools/uv.lock
	.tools/bin/uv venv --quiet --python "$$(command -v $(PYTHON))" $(VENV)
	@$(call locked,!) > .tools/most.lock
	.tools/bin/uv pip install --quiet --python $(VENV) --require-hashes -r .tools/most.lock
	.tools/bin/uv pip install --quiet --python $(VENV) --no-deps --no-build-isolation -e .
	@touch $(READY)

simulate: $(READY)  ## make the demo study's raw data, once
	@grep -qs control data/shop/raw/changes.csv || $(BIN)/journeylab simulate data/shop --overwrite

report: simulate  ## run the demo study and write reports/shop/latest/index.html (STUDY=... DATA=... for another)
	$(BIN)/journeylab run $(STUDY) $(if $(DATA),--data $(DATA))

# Two at a time, each file by one of them: what a file makes once is made once.
test: simulate programs spark  ## run every test, the notebooks included
	$(BIN)/python -m pytest -n 2 --dist loadfile tests --doctest-modules journeylab
	$(BIN)/python tools/claims.py --copies .claims
	$(BIN)/python -m pytest -n 2 --dist loadfile --nbval-lax .claims

lint: $(READY)  ## check style, types and that notebooks carry no outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_notebooks.py

claims: simulate  ## run the notebooks and keep what their last cells print (after a change of numbers)
	$(BIN)/python tools/claims.py

lab: simulate  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

lock: $(READY)  ## compile requirements.lock anew from pyproject.toml
	.tools/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

spark: $(READY)  ## add Spark to the environment (needs Java 17 or newer)
	@$(BIN)/python -c "import pyspark" 2>/dev/null || { $(call locked,) > .tools/spark.lock \
		&& .tools/bin/uv pip install --quiet --python $(VENV) --require-hashes -r .tools/spark.lock; }

# Tests look at the reports in a browser, read from database servers and run Spark; what is not here they skip, and say so.
need = command -v $(1) >/dev/null 2>&1 || ls $(2) >/dev/null 2>&1 || packages="$$packages $(3)"
programs:
	@packages=""; \
	$(call need,chromium,/usr/bin/google-chrome,chromium fonts-dejavu-core); \
	$(call need,java,/usr/lib/jvm/*/bin/java,openjdk-17-jre-headless); \
	$(call need,initdb,/usr/lib/postgresql/*/bin/initdb,postgresql); \
	$(call need,mariadbd,/usr/sbin/mariadbd,mariadb-server); \
	if [ -n "$$packages" ]; then \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get -qq update \
		&& DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y $$packages >/dev/null \
		|| echo "not here, and not installed:$$packages; the tests that need them will be skipped"; \
	fi

clean:  ## remove the environment and every report
	rm -rf $(VENV) .tools .claims reports
