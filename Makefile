# Each target names what it runs; `make -n <target>` shows it. Everything missing is installed or built on
# the way: a Rust toolchain (1.95 or later) is the one thing that has to be there, see `make toolchain`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo
BENCH_ARGS ?=
DETECTION_ARGS ?=
# `dev` measures with what the tests have built: right for fuel, rough for times.
BENCH_PROFILE ?= bench
# Fluent Bit's compiler of modules: docs/fluent_bit.md, "Compiled ahead of time".
WAMRC ?= flb-wamrc
# For how long each fuzz target runs, and which do: docs/fuzzing.md.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= record wasm fuel scan splice repair task command rules settings evtx

target := $(abspath $(or $(CARGO_TARGET_DIR),target))
base := $(target)/wasm/schtag_base.wasm
# The command as the tests use it, built with them; `make dist` builds it for release.
cli := $(target)/debug/schtag
module := dist/schtag.wasm
rules := plugin/rules

# The engine without rules (the CLI carries it) and the finished filter (the tests load it).
export SCHTAG_BASE_WASM := $(base)
export SCHTAG_WASM := $(abspath $(module))

.PHONY: help
help: ## Show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

.PHONY: demo
demo: $(module) ## Tag the sample events and show them before and after
	$(cli) tag --module $(module) --pretty config_examples/demo/events.ndjson

.PHONY: test
test: $(module) ## Run every test, those with a real Fluent Bit too when there is one
	$(CARGO) test --locked

.PHONY: vrl
vrl: ## Compile and run config_examples/vector/fallback.vrl with Vector's VRL (some minutes the first time)
	cd tests/vrl && $(CARGO) test --locked

.PHONY: bench
bench: $(module) ## Run the benchmarks and print the fuel report
	$(CARGO) bench --locked --profile $(BENCH_PROFILE) -p schtag-benches $(BENCH_ARGS)

# SETS is a folder of labelled sets, CORPUS another; SIGMAHQ a checkout of SigmaHQ's rules: docs/detection.md.
.PHONY: detection
detection: $(module) ## Measure recall, false alerts, techniques and cost; SETS=, CORPUS=, SIGMAHQ= add to it
ifneq ($(SIGMAHQ),)
	@mkdir -p $(target)/detection
	$(cli) bake --default-rules --keep-going --rules $(SIGMAHQ)/rules/windows --max-size 8000000 -o $(target)/detection/both.wasm
	$(cli) bake --keep-going -o $(target)/detection/sigmahq.wasm \
	  $$(grep -rlE '\b(4698|4699|470[0-2])\b' $(SIGMAHQ)/rules* | xargs grep -l 'service: security' | sed 's/^/--rules /')
endif
	$(CARGO) run --locked --example detection -- --families $(DETECTION_ARGS) \
	  --module "default pack=$(module)" $(if $(SIGMAHQ),--module "default pack and SigmaHQ=$(target)/detection/both.wasm" \
	  --module "SigmaHQ on the content of the event=$(target)/detection/sigmahq.wasm") $(CORPUS) $(SETS)

.PHONY: fuzz
fuzz: $(module) ## Fuzz each target for FUZZ_SECONDS (60)
	$(CARGO) run --locked --example fuzz_corpus
	FUZZ_SEED=$(FUZZ_SEED) fuzz/run $(FUZZ_SECONDS) $(FUZZ_TARGETS)

.PHONY: dist
dist: $(module) ## Leave schtag.wasm, the schtag command, checksum and bills of materials in dist/
	$(CARGO) build --locked --release -p schtag-host
	cp $(target)/release/schtag dist/schtag
	cd dist && { sha256sum schtag.wasm 2>/dev/null || shasum -a 256 schtag.wasm; } > schtag.wasm.sha256
	plugin/sbom.sh dist/schtag.wasm schtag wasm32-unknown-unknown > dist/schtag.wasm.cdx.json
	plugin/sbom.sh dist/schtag schtag-host host > dist/schtag.cdx.json
	@ls -l dist

.PHONY: aot
aot: $(module) ## Compile the filter for this machine and WAMRC's Fluent Bit, to dist/schtag.aot
	@command -v $(WAMRC) >/dev/null || { echo "there is no $(WAMRC); docs/fluent_bit.md says how to build it" >&2; exit 1; }
	$(WAMRC) -o dist/schtag.aot $(module)

.PHONY: playground
playground: $(module) ## Leave the playground, with the module beside it, in dist/playground/
	@mkdir -p dist/playground
	cp docs/playground/* $(module) dist/playground/
	@echo "serve dist/playground/ with any web server, or open its index.html and drop schtag.wasm on it"

.PHONY: docs
docs: $(cli) ## Write the rule catalogue, the pages of fields and programs and the tables of answers from their data
	$(cli) docs $(rules) -o docs/rules --fields docs/fields.md --programs-page docs/programs.md
	$(CARGO) run --locked --example answers

.PHONY: toolchain
toolchain: ## Find or install what compiles the filter to WebAssembly, and compile it
	plugin/build_wasm.sh

.PHONY: ci
ci: ## Run what continuous integration runs
	.ci/run

# cargo and build_wasm.sh know what has changed, and leave an unchanged file its time.
.PHONY: FORCE
$(base): FORCE
	@plugin/build_wasm.sh >/dev/null

$(cli): $(base) FORCE
	@command -v $(CARGO) >/dev/null || { echo "there is no cargo; https://rustup.rs installs it" >&2; exit 1; }
	$(CARGO) build --locked -p schtag-host -p schtag-features

$(module): $(cli) $(base) $(shell find $(rules) -type f 2>/dev/null)
	@mkdir -p $(@D)
	$(cli) bake --rules $(rules) -o $@
