# Two commands do everything on a machine with python3 (3.11 or newer) and make: `make table1` and `make test`.

PYTHON ?= python3
VENV ?= .venv
LOCK ?= requirements.lock
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install hippocampus hippocampus-ablation table1 table2 table1-thoracic ablation tables tables-001 moco architectures pneumonia census figures test test-slow test-bench bench chaos fuzz smoke test-browser report verify spread stale record lint lock test-lowest clean

help:
	@echo "make table1      Table 1 of document 000 on the phantom cohort: minutes on two cores"
	@echo "make table2      Table 2 of document 000, likewise"
	@echo "make ablation    each change of document 000 alone and together, on both phantom cohorts: about half an hour"
	@echo "make table1-thoracic   Table 1 of document 002, likewise"
	@echo "make tables      Tables 1 and 2 of document 000, Table 1 of document 002"
	@echo "make tables-001  the statements of Tables 1 to 3 of document 001; XRAYS=folder of pneumoniamnist.npz"
	@echo "make moco        MoCo v3 on X-rays: 20 minutes; XRAYS likewise"
	@echo "make architectures   the architectures of document 001 on X-rays, with one budget: half an hour of one core; XRAYS likewise"
	@echo "make pneumonia   a custom CNN on X-rays, five seeds: minutes; XRAYS likewise"
	@echo "make figures     every figure, again, from results/"
	@echo "make report      report.html: all tables, verdicts and the audit on one page"
	@echo "make hippocampus HIPPOCAMPUS=folder   nine models on the Decathlon's hippocampus task: three hours"
	@echo "make hippocampus-ablation   what each ingredient of our model brings, on development cases: half an hour; likewise"
	@echo "make census      the census of LIDC-IDRI; needs CENSUS_DATA=folder of its XML files"
	@echo "make verify TABLE=name   runs a committed table again and judges our own numbers, cell by cell"
	@echo "make spread TABLE=name   how far each cell of a table moves under other arithmetic"
	@echo "make stale       names the tables that the code would not give any more;  make record: after a table was run"
	@echo "make test        the tests;  make smoke: each experiment once, in seconds;  make lint"
	@echo "make test-slow   the tests that take longer;  make test-bench: beside other libraries"
	@echo "make bench       speed beside other libraries, one table: half an hour; DATA=folder with lidc_idri"
	@echo "make chaos       four tables, killed at a hundred random moments, give the same bytes: an hour"
	@echo "make fuzz        broken files for every reader: an hour of one core"
	@echo "make clean       removes what can be made again; never results/ or figures/"

install: $(INSTALLED)

$(INSTALLED): setup.cfg pyproject.toml $(LOCK)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "reproduce needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(if $(LOCK),--constraint $(LOCK)) --editable '.[dev,scale]'
	@touch $@

table1: $(INSTALLED)
	$(BIN)/python experiments/table1_lidc.py

table2: $(INSTALLED)
	$(BIN)/python experiments/table2_brats.py

ablation: $(INSTALLED)
	$(BIN)/python experiments/ablation.py $(if $(WEIGHTS),--weights $(WEIGHTS))

table1-thoracic: $(INSTALLED)
	$(BIN)/python experiments/table1_thoracic.py

tables: table1 table2 table1-thoracic

# Tables 1 to 3 of document 001; XRAYS=folder of pneumoniamnist.npz, without which only what is calculated is decided.
tables-001: $(INSTALLED)
	$(BIN)/python experiments/layers_table1.py $(if $(XRAYS),--data-root $(XRAYS))
	$(BIN)/python experiments/layers_table2.py $(if $(XRAYS),--data-root $(XRAYS))
	$(BIN)/python experiments/layers_table3.py $(if $(XRAYS),--data-root $(XRAYS))
	$(BIN)/reproduce statements 001

moco: $(INSTALLED)
	$(BIN)/python experiments/moco_v3.py $(if $(XRAYS),--data-root $(XRAYS))
	$(BIN)/reproduce statements 001

# Section 3 of document 001 and its Figures 1 and 2; needs XRAYS=folder of pneumoniamnist.npz.
architectures: $(INSTALLED)
	$(BIN)/python experiments/architectures.py $(if $(XRAYS),--data-root $(XRAYS))

# The anchor of the training: real MRI with manual references; HIPPOCAMPUS=folder of the Decathlon's task.
hippocampus: $(INSTALLED)
	$(BIN)/python experiments/hippocampus_decathlon.py $(if $(HIPPOCAMPUS),--data-root $(HIPPOCAMPUS))

hippocampus-ablation: $(INSTALLED)
	$(BIN)/python experiments/hippocampus_ablation.py $(if $(HIPPOCAMPUS),--data-root $(HIPPOCAMPUS))

# A custom CNN says normal or pneumonia; needs XRAYS=folder of pneumoniamnist.npz.
pneumonia: $(INSTALLED)
	$(BIN)/python experiments/pneumonia_cnn.py $(if $(XRAYS),--data-root $(XRAYS))

census: $(INSTALLED)
	$(BIN)/python experiments/census_lidc.py --data-root $(CENSUS_DATA)

figures: $(INSTALLED)
	$(BIN)/reproduce figures

report: $(INSTALLED)
	$(BIN)/reproduce report

# DATA=folder of the real data, for a table of real data; without TABLE the first table.
verify: $(INSTALLED)
	$(BIN)/reproduce verify $(or $(TABLE),table1_lidc) $(if $(DATA),--data-root $(DATA))

spread: $(INSTALLED)
	$(BIN)/reproduce spread $(or $(TABLE),table1_lidc) $(if $(DATA),--data-root $(DATA))

# RELEASE=1 refuses, too, what cannot be told to be fresh.
stale: $(INSTALLED)
	$(BIN)/reproduce stale $(if $(RELEASE),--release)

# Records the smoke run of each fresh table beside the digest of its code, once a table has been run.
record: $(INSTALLED)
	$(BIN)/reproduce stale --record

test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not slow and not smoke and not bench and not browser" -n 2 --dist loadfile

smoke: $(INSTALLED)
	$(BIN)/python -m pytest -m smoke

test-slow: $(INSTALLED)
	$(BIN)/python -m pytest -m "slow"
	ONEDNN_MAX_CPU_ISA=ALL $(BIN)/python -m pytest tests/models -k "half_precision or mixed_precision or resizing_keeps"

test-bench: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m pytest -m bench

# Readers, masks, input, training and inference beside other libraries, in benchmarks/results/bench.*.
bench: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(if $(DATA),REPRODUCE_REAL_DATA=$(DATA)) $(BIN)/python benchmarks/bench.py $(if $(QUICK),--quick)

# A hundred kills of four tables at random moments; what comes out must be the same bytes: an hour.
chaos: $(INSTALLED)
	$(BIN)/python benchmarks/chaos.py

# Broken files for every reader, an hour; each is read or refused with its name. SAVE=folder keeps what is neither.
fuzz: $(INSTALLED)
	$(BIN)/python benchmarks/fuzz.py --minutes 60 $(if $(SAVE),--save $(SAVE))

# Needs Chromium (Debian: apt-get install chromium) and npm; without them the tests skip with the reason.
test-browser: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable '.[browser]'
	-npm install --silent --no-save --prefix data/axe axe-core@4
	AXE_PATH=data/axe/node_modules/axe-core/axe.min.js $(BIN)/python -m pytest -m browser tests/reporting/html

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

# The exact versions that results/ were made with, for the Python that runs it.
lock: $(INSTALLED)
	$(BIN)/uv pip compile setup.cfg --extra dev --extra scale --upgrade --no-header --no-emit-index-url \
		--output-file requirements.lock

# The lower bounds of setup.cfg, in an environment of their own.
test-lowest: $(INSTALLED)
	$(PYTHON) -m venv .venv-lowest
	$(BIN)/uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct --editable '.[dev,scale]'
	.venv-lowest/bin/python -m pytest -m "not slow and not smoke and not bench and not browser"
	.venv-lowest/bin/python -m pytest -m smoke

clean:
	rm -rf data build dist .pytest_cache .hypothesis .ruff_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
