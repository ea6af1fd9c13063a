# Each target names what it runs; `make -n <target>` shows it. Everything missing is installed or built on
# the way: a Rust toolchain (1.95 or later) is the one thing that has to be there, see `make toolchain`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo
BENCH_ARGS ?=
# `dev` measures with what the tests have built: right for fuel, rough for times.
BENCH_PROFILE ?= bench

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

.PHONY: bench
bench: $(module) ## Run the benchmarks and print the fuel report
	$(CARGO) bench --locked --profile $(BENCH_PROFILE) -p schtag-benches $(BENCH_ARGS)

.PHONY: dist
dist: $(module) ## Leave schtag.wasm, its checksum and the schtag command in dist/
	$(CARGO) build --locked --release -p schtag-host
	cp $(target)/release/schtag dist/schtag
	cd dist && { sha256sum schtag.wasm 2>/dev/null || shasum -a 256 schtag.wasm; } > schtag.wasm.sha256
	@ls -l dist

.PHONY: playground
playground: $(module) ## Leave the playground, with the module beside it, in dist/playground/
	@mkdir -p dist/playground
	cp docs/playground/* $(module) dist/playground/
	@echo "serve dist/playground/ with any web server, or open its index.html and drop schtag.wasm on it"

.PHONY: docs
docs: $(cli) ## Write the rule catalogue and the page of fields from the rules
	$(cli) docs $(rules) -o docs/rules --fields docs/fields.md

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
	$(CARGO) build --locked -p schtag-host

$(module): $(cli) $(base) $(shell find $(rules) -type f 2>/dev/null)
	@mkdir -p $(@D)
	$(cli) bake --rules $(rules) -o $@
