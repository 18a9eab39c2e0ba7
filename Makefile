# Everything there is to do here, one word each. `make` alone lists it.

PYTHON3 ?= python3
NAMES ?= data/names.txt
STEPS ?= 1000
CHIP ?= esp32
SOURCE ?= firmware/examples/fir.py

PYTHON := .venv/bin/python
READY := .venv/ready

# Options that are given to a tool only if the variable has a value.
port := $(if $(PORT),--port "$(PORT)")
firmware := $(if $(FIRMWARE),--firmware "$(FIRMWARE)")

.DEFAULT_GOAL := help
.PHONY: help run test lint flash deploy monitor repl emulate test-device bench kernel names clean

help: ## list what can be made
	@echo "usage: make WORD [VARIABLE=value ...]"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	while IFS='|' read -r word what; do printf '  %-12s %s\n' "$$word" "$$what"; done
	@echo
	@echo "PORT is the board's serial port; without it the only board found is meant."

run: $(READY) ## train on this machine, under MicroPython [NAMES=file] [STEPS=1000]
	@$(PYTHON) tools/names.py prepare "$(NAMES)" build/names.txt
	@micropython=$$($(PYTHON) tools/runtime.py) && cd build && \
	MICROPYPATH=../firmware ESP32GPT_STEPS="$(STEPS)" \
	"$$micropython" -X heapsize=4M ../firmware/main.py

test: lint ## check the style, then run every test
	@$(PYTHON) -m pytest -q host_tests

lint: $(READY) ## check the style
	@$(PYTHON) -m ruff format --check --output-format=concise . || \
	{ echo "Not formatted as agreed: run .venv/bin/ruff format ."; exit 1; }
	@$(PYTHON) -m ruff check --quiet .

flash: $(READY) ## erase a board, put MicroPython on it [PORT] [CHIP=esp32|esp32s3] [FIRMWARE=file.bin] [RESET=no]
	@$(PYTHON) tools/flash.py --chip "$(CHIP)" $(port) $(firmware) $(if $(filter no,$(RESET)),--no-reset)

deploy: $(READY) ## copy library, main.py and names to a board, start it [PORT] [NAMES=file] [SOURCE=1]
	@$(PYTHON) tools/deploy.py --names "$(NAMES)" $(port) $(if $(SOURCE),--source)

monitor: $(READY) ## show what a board prints [PORT]
	@$(PYTHON) tools/monitor.py $(port)

repl: $(READY) ## type to a board's Python [PORT]
	@port=$$($(PYTHON) tools/board.py $(PORT)) && $(PYTHON) -m mpremote connect "$$port" repl

emulate: $(READY) ## boot an emulated ESP32 [FIRMWARE=file.bin] [NAMES=file] [ICOUNT=1] [QEMU=path]
	@$(PYTHON) tools/emulate.py --names "$(NAMES)" $(firmware) \
	$(if $(QEMU),--qemu "$(QEMU)") $(if $(ICOUNT),--icount)

test-device: $(READY) ## run every test, and those for the chip on a board [PORT]
	@port=$$($(PYTHON) tools/board.py $(PORT)) && $(PYTHON) -m pytest -q host_tests --port "$$port"

bench: $(READY) ## measure speed and memory, on a board if PORT is given [PORT]
	@$(PYTHON) tools/bench.py $(port)

kernel: $(READY) ## compile your float functions to machine code [SOURCE=name.py] [OUT=name_fpu.mpy] [LISTING=file]
	@PYTHONPATH=tools $(PYTHON) -m kernelc "$(SOURCE)" $(if $(OUT),-o "$(OUT)") \
	$(if $(LISTING),--listing "$(LISTING)")

names: $(READY) ## download the 32,033 names of makemore to data/makemore.txt
	@$(PYTHON) tools/names.py fetch

clean: ## delete what was built, and the virtual environment
	rm -rf build .venv .pytest_cache .ruff_cache .hypothesis

# The virtual environment, made anew when its list of packages changes.
$(READY): pyproject.toml
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	echo "Python 3.10 or newer is needed: install one and name it with PYTHON3=python3.12"; exit 1; }
	@$(PYTHON3) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "This Python has no venv module: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
	@echo "Setting up .venv, once"
	@$(PYTHON3) -m venv --clear .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable . || { \
	echo "The packages could not be installed: see pip's words above, and try again"; exit 1; }
	@touch $@
