# SPDX-License-Identifier: Apache-2.0
# Everything a developer types. `make help` lists it; each target installs what it lacks (scripts/bootstrap).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory
export PATH := $(PATH):/usr/sbin:/sbin

BIN := node_modules/.bin
CLANG_BPF = $(shell scripts/clang) -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -Ibpf -I/usr/include/$(shell uname -m)-linux-gnu

bpf_objects := build/bpf/xlvs.bpf.o build/bpf/probe.bpf.o build/bpf/rehearse.bpf.o build/bpf/abi.bpf.o build/bpf/lab/pass.bpf.o build/bpf/lab/newer.bpf.o
bench_objects := $(patsubst bench/bpf/%.bpf.c,build/bench-bpf/%.bpf.o,$(wildcard bench/bpf/*.bpf.c))
counted_objects := $(addprefix build/bench-bpf/,beside.bpf.o subject.bpf.o floor.bpf.o control.bpf.o)
shipped := dist/bpf/xlvs.bpf.o dist/bpf/probe.bpf.o dist/bpf/rehearse.bpf.o dist/bpf/lab/pass.bpf.o
addon := native/build/Release/libbpf_ts.node

.PHONY: build test demo calm bench bench-full bench-control bench-ipvs bench-live bench-table bench-disruption bench-instructions bench-profile bench-check oracle lint kernels types clean help artifacts

build: ## compile the BPF programs, the addon and the TypeScript (what `make` does)
	@scripts/bootstrap build
	@flock build/.build-lock $(MAKE) artifacts

test: ## install what is missing, build, run every test (root)
	@scripts/bootstrap test
	@flock build/.build-lock $(MAKE) artifacts $(counted_objects)
	@$(BIN)/tsc -p bench/instructions/tsconfig.json
	@$(BIN)/vitest run --reporter=default --reporter=./scripts/tally.js $(ARGS)

demo: ## show a director balancing HTTP in namespaces (root); ARGS=--keep leaves it standing
	@scripts/bootstrap lab
	@flock build/.build-lock $(MAKE) artifacts
	@node dist/demo/main.js $(ARGS)

calm: ## thousands of live connections while the director is killed, upgraded, reloaded (root); ARGS=--short
	@scripts/bootstrap lab
	@flock build/.build-lock $(MAKE) artifacts
	@node dist/calm/main.js $(ARGS)

bench: ## ns per packet, as JSON, Markdown and curves into bench/results; what a scrape costs (root); ARGS="--only REGEX"
	@scripts/bootstrap lab
	@flock build/.build-lock $(MAKE) artifacts $(bench_objects)
	@$(BIN)/tsc -p bench/tsconfig.json
	@node build/bench/bench/main.js $(ARGS)
ifeq ($(filter --only%,$(ARGS)),)
	@node build/bench/bench/scrape.js $(filter --json,$(ARGS))
	@node native/bench/run.js $(filter --json,$(ARGS))
endif

bench-full: ## the same with twice the loads, 4M and 10M flows, the cost of every reason (root)
	@$(MAKE) bench ARGS="--full $(ARGS)"

bench-control: ## what reloads, restarts, large tables, idling and a command's start cost (root); ARGS="--only REGEX"
	@scripts/bootstrap lab
	@flock build/.build-lock $(MAKE) artifacts build/bench-bpf/subject.bpf.o
	@$(BIN)/tsc -p bench/control/tsconfig.json
	@node build/bench-control/bench/control/main.js $(ARGS)

bench-compare: ## do two runs agree within their intervals? RUNS="A.json B.json"
	@scripts/bootstrap lab
	@flock build/.build-lock $(MAKE) artifacts
	@$(BIN)/tsc -p bench/tsconfig.json
	@node build/bench/bench/compare-main.js $(RUNS)

bench-ipvs: ## instructions per packet beside the kernel's IPVS, in one kernel in qemu (root); ARGS="--rounds 3"
	@scripts/bootstrap guest
	@flock build/.build-lock $(MAKE) artifacts build/bench-bpf/beside.bpf.o
	@$(BIN)/tsc -p bench/ipvs/tsconfig.json
	@node build/bench-ipvs/bench/ipvs/run.js $(ARGS)

bench-instructions: ## instructions per packet of the datapath, counted in qemu (root); ARGS="--only REGEX"
	@scripts/bootstrap guest
	@flock build/.build-lock $(MAKE) artifacts $(counted_objects)
	@$(BIN)/tsc -p bench/instructions/tsconfig.json
	@node build/bench-instructions/bench/instructions/main.js $(ARGS)

bench-profile: ## the same by source file and function, from a log of each instruction (root); ARGS="--only REGEX"
	@scripts/bootstrap guest
	@flock build/.build-lock $(MAKE) artifacts $(counted_objects) build/bench-instructions/jited
	@$(BIN)/tsc -p bench/instructions/tsconfig.json
	@node build/bench-instructions/bench/instructions/profile.js $(ARGS)

bench-table: ## flows that find no room in the connection table, by load, measured and computed (root); ARGS=--quick
	@scripts/bootstrap lab
	@flock build/.build-lock $(MAKE) artifacts build/bench-bpf/table.bpf.o
	@$(BIN)/tsc -p bench/table/tsconfig.json
	@node build/bench-table/bench/table/run.js $(ARGS)

bench-disruption: ## flows that break when one of several directors behind ECMP leaves or joins, computed by scheduler
	@scripts/bootstrap build
	@flock build/.build-lock $(MAKE) build/native.stamp
	@$(BIN)/tsc -p bench/disruption/tsconfig.json
	@node build/bench-disruption/bench/disruption/run.js $(ARGS)

bench-live: ## packets per second through veth and native XDP, with one CPU and with two at once (root); ARGS="--only REGEX"
	@scripts/bootstrap lab
	@flock build/.build-lock $(MAKE) artifacts build/bench-bpf/live.bpf.o
	@$(BIN)/tsc -p bench/live/tsconfig.json
	@node build/bench-live/bench/live/run.js $(ARGS)

bench-check: ## fails when the datapath takes more instructions or bytes than bench/baseline.json says (root); ARGS=--take rewrites it
	@scripts/bootstrap guest
	@flock build/.build-lock $(MAKE) artifacts $(counted_objects)
	@$(BIN)/tsc -p bench/instructions/tsconfig.json
	@node build/bench-instructions/bench/instructions/check.js $(ARGS)

oracle: ## ask the kernel's IPVS (root): what is recorded, then ORACLE_RUNS new scenarios; or ARGS="record|check|print|show FILE..."
	@scripts/bootstrap test
	@$(BIN)/tsc -p test/oracle/tsconfig.json
ifdef ARGS
	@node build/oracle/test/oracle/run.js $(ARGS)
else
	@node build/oracle/test/oracle/run.js check $(shell find test/oracle/scenarios -name '*.json' | sort)
	@flock build/.build-lock $(MAKE) artifacts
	@ORACLE_RUNS=$(or $(ORACLE_RUNS),300) $(BIN)/vitest run --project oracle test/oracle/live.test.ts
endif

lint: ## style and types of everything, BPF warnings as errors
	@scripts/bootstrap build
	$(BIN)/biome check .
	$(BIN)/tsc --noEmit -p tsconfig.json
	$(BIN)/tsc -p test/tsconfig.json
	$(BIN)/tsc -p src/web/page/tsconfig.json
	for source in bpf/*.bpf.c bpf/lab/*.bpf.c; do $(CLANG_BPF) -Werror -fsyntax-only $$source; done

kernels: build/bpf/xlvs.bpf.o build/bpf/rehearse.bpf.o build/bpf/probe.bpf.o ## load the programs on Debian's 6.1 and 6.12 kernels, in qemu (root)
	@scripts/load-on $^ -- 6.1 6.12

types: build/bpf/abi.bpf.o build/native.stamp ## write src/abi/generated.ts from bpf/abi.h
	node native/dist/gen-types/cli.js $< --prefix-strip xlvs_ --out src/abi/generated.ts

clean: ## remove what was built; node_modules stay
	rm -rf build dist coverage native/build native/dist

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

artifacts: $(bpf_objects) $(addon) build/native.stamp build/dist.stamp build/commands.stamp $(shipped)
	@:

build/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	@echo "  bpf     $@"
	@$(CLANG_BPF) -MMD -MP -c $< -o $@

build/bench-bpf/%.bpf.o: bench/bpf/%.bpf.c
	@mkdir -p $(@D)
	@echo "  bpf     $@"
	@$(CLANG_BPF) -MMD -MP -c $< -o $@

build/bench-instructions/jited: bench/instructions/jited.c
	@mkdir -p $(@D)
	@$(CC) -static -O2 -Wall -Wextra $< -o $@

-include $(bpf_objects:.o=.d) $(bench_objects:.o=.d)

$(addon): native/binding.gyp $(wildcard native/addon/*)
	@echo "  addon   $@"
	@scripts/build-addon && touch $@

build/native.stamp: native/tsconfig.json $(shell find native/src -name '*.ts' 2>/dev/null)
	@echo "  types   native/dist"
	@$(BIN)/tsc -p native/tsconfig.json
	@touch $@

build/dist.stamp: build/native.stamp tsconfig.json $(shell find src -name '*.ts' -o -path 'src/web/page/*')
	@echo "  types   dist"
	@$(BIN)/tsc -p tsconfig.json
	@mkdir -p dist/web/page && cp src/web/page/*.{html,css,js,svg} dist/web/page/
	@touch $@

build/commands.stamp: build/dist.stamp scripts/bundle-commands.js bin/load.cjs node_modules/rolldown/package.json node_modules/commander/package.json
	@echo "  bundle  dist/cli"
	@node scripts/bundle-commands.js
	@touch $@

dist/bpf/%.o: build/bpf/%.o
	@mkdir -p $(@D)
	@cp $< $@
