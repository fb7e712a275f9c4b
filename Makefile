# Each target is a script in scripts/ or one swift command. `make help` lists them.
.DEFAULT_GOAL := help
SWIFT_FILES := Package.swift Sources Tests Interop Benchmarks Fuzz Examples
FUZZ_SECONDS ?= 30

.PHONY: help run test build lint format bench transport storage gates fuzz simulate conformance faults convergence \
    differential unprivileged examples docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: ## three services in three languages report one checkout; prints the trace
	@scripts/run-checkout.sh

test: ## lint, all tests, the gates, unprivileged, examples, short forms of simulate, conformance, faults, convergence, differential
	@scripts/test.sh

build: ## build everything, tests included
	@scripts/install.sh build
	swift build --build-tests

lint: ## check the format of all Swift files
	swift format lint --strict --recursive $(SWIFT_FILES)

format: ## format all Swift files
	swift format --in-place --recursive $(SWIFT_FILES)

bench: ## our codec and its rivals over the same payloads, with the ratios (ROUNDS=…, FILES=…, RECORD=1)
	@scripts/bench.sh

transport: ## the transport alone by `spanwire bench`: throughput, processor time, latencies, memory (ROUNDS=…)
	@scripts/install.sh build bench
	@Benchmarks/Rivals/build
	@SPANWIRE=$$(scripts/release.sh) && python3 Benchmarks/transport.py $$SPANWIRE Tests/Corpus .build-rivals/protobuf_c_peer

storage: ## a collector with its store: ingest, size, memory, and how fast it answers (SPANS=…, SEED=…, KEEP=1)
	@scripts/install.sh build
	@SPANWIRE=$$(scripts/release.sh) && swift build -c release --product store-bench >&2 && \
	    python3 Benchmarks/storage.py $$SPANWIRE "$$(swift build -c release --show-bin-path)/store-bench"

gates: ## allocations and instructions of the codec against Benchmarks/Gates.txt (RECORD=1 accepts them)
	@scripts/gates.sh

fuzz: ## libFuzzer on each target for FUZZ_SECONDS (30) (FUZZ_TARGETS=…, SEED=…)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh

simulate: ## worlds that fail, a seed each, until something does not hold (SECONDS=…, SEED=…, SEEDS=…, VERBOSE=1)
	@scripts/install.sh build
	@scripts/simulate.sh

conformance: ## 100,000 spans from an independent sender in any chunking (SPANS=…, SEED=…)
	@scripts/install.sh run
	@SPANWIRE=$$(scripts/release.sh) && export SPANWIRE && scripts/conformance.sh --spans $${SPANS:-100000}

faults: ## real processes killed, stopped, cut off, out of disk (KILLS=…, FAULT_SECONDS=…, SCENARIOS=…, SEED=…)
	@scripts/install.sh faults
	@SPANWIRE=$$(scripts/release.sh) && export SPANWIRE && scripts/faults.sh $${KILLS:-50} $${FAULT_SECONDS:-30} $${SCENARIOS:-}

convergence: ## reports in any order, twice, in parts, the collector killed: equal to the oracle (SPANS=…, KILLS=…, SEED=…)
	@scripts/install.sh faults
	@SPANWIRE=$$(scripts/release.sh) && export SPANWIRE && \
	    scripts/convergence.sh --spans $${SPANS:-300000} --kills $${KILLS:-3}

differential: ## the codec and `decode` against google.protobuf (CASES=…, MUTATIONS=…, SEED=…)
	@SPANWIRE=$$(scripts/release.sh) && export SPANWIRE && scripts/differential.sh

unprivileged: ## collect, send, a spool, bench and queries as a user without privileges, the rest read-only
	@SPANWIRE=$$(scripts/release.sh) && export SPANWIRE && scripts/unprivileged.sh

examples: ## build and run the programs of Examples/, which are those of the README
	@scripts/install.sh test
	@scripts/examples.sh

docs: ## DocC archives of all libraries in .build-docs; a warning is an error
	@scripts/install.sh build
	@scripts/docs.sh

clean: ## remove what was built; .run/ stays
	rm -rf .build .build-docs .build-examples .build-interop .build-linkage .build-rivals Benchmarks/.build Fuzz/.build
