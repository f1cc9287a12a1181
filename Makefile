# hostler: `make help` lists what can be made. The two that matter on a fresh machine are `make run` and `make test`.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

export CGO_ENABLED := 0
CACHE   := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hostler
# The flags are those of the test cluster's own builds, so that each tool is compiled once.
TOOL    := GOFLAGS='-trimpath -buildvcs=false' go tool -modfile=.ci/tools/go.mod
# Programs are built and then take the shell's place: go run would keep signals from them.
program = go build -trimpath -o $(CACHE)/bin/$(notdir $(1)) ./$(1) && exec $(CACHE)/bin/$(notdir $(1))
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null | sed 's/^v//; /^[0-9]*\./!s/^/0.1.0~git/' || echo 0.1.0)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
ARCHES  := amd64 arm64
ARCH    ?= $(shell go env GOARCH)
TAGS    ?=
# Tests that wait for machines more than they compute. They begin first, and four packages share the cores.
LONGEST := ./test/outage ./test/rollout ./test/e2e ./test/faults ./test/cluster ./test/rights
DIST    ?= dist
FUZZTIME ?= 60s

.DEFAULT_GOAL := help
.PHONY: help run test cluster build package deb rpm bench bench-deps fuzz lint generate check-generated clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}'

run: ## a real cluster of three nodes goes from one Kubernetes to the next, and you watch (root; about 20 minutes the first time, then 2)
	@echo 'make run: compiling the demonstration, a few minutes the first time; then it says itself what it does.'
	@$(call program,test/demo)

test: ## unit, golden, script and cluster tests (root; installs what they need)
	@$(call program,test/cluster/cmd/cluster) assets
	@# -count=1: go test does not see the programs that tests on machines build and run, and would take an old result for theirs.
	@# Lint vets, tables for debuggers double the time of linking more than a hundred programs, and without
	@# -trimpath a fresh clone would compile everything again.
	@$(TOOL) gotestsum --format pkgname --hide-summary skipped -- -count=1 -vet=off -trimpath -ldflags=-w -tags cluster -timeout 60m -p 4 $(LONGEST) ./...

cluster: ## a control plane and bare nodes to play with, until Ctrl-C (root)
	@$(call program,test/cluster/cmd/cluster) up

build: ## the static binary for this machine, in bin/ (TAGS=node: without the coordinator, as in the packages)
	@go build -tags '$(TAGS)' -trimpath -ldflags '$(LDFLAGS)' -o bin/hostler ./cmd/hostler

package: ## deb and rpm for amd64 and arm64, in dist/
	@for arch in $(ARCHES); do $(MAKE) --no-print-directory deb rpm ARCH=$$arch; done

deb rpm:
	@mkdir -p $(DIST)
	@GOARCH=$(ARCH) go build -tags node -trimpath -ldflags '$(LDFLAGS)' -o bin/linux-$(ARCH)/hostler ./cmd/hostler
	@ARCH=$(ARCH) VERSION='$(VERSION)' $(TOOL) nfpm package --packager $@ --target $(DIST)/

bench-deps: ## install the peers that the benchmark compares with (root)
	@$(call program,test/bench) deps

bench: ## what a converged node costs, beside bash, CFEngine, Puppet and Ansible; writes docs/benchmarks.md (root)
	@$(call program,test/bench)

fuzz: ## each fuzz target for FUZZTIME, two at a time (default 60s)
	@FUZZTIME='$(FUZZTIME)' .ci/fuzz

lint: ## golangci-lint
	@$(TOOL) golangci-lint run

generate: ## deepcopy functions and CRDs from the API types
	@go generate ./...

check-generated: generate ## fail when generated files are not what the types say
	@git diff --exit-code -- agent packaging || { echo 'generated files differ: run "make generate" and commit' >&2; exit 1; }

clean: ## remove what was built here (the cache in $(CACHE) stays)
	@rm -rf bin dist
