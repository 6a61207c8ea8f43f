# make demo      runs everything on this machine
# make test      installs missing test tools, and runs all tests
# make check     formatting, vet, linters, wording of comments, vulnerabilities, types, and
#                whether the committed web files match their sources
# make crash     kills the demo under load again and again: make crash KILLS=300
# make web       builds the web files of the example apps and the browser client
# make bench     measures Latchkey and its peers, and writes bench/RESULTS.md:
#                make bench BENCHFLAGS=-measure.rounds=9
# make sizes     fills the stores with ten million sessions and a node's memory with a million;
#                it takes half an hour and 20 GB of disk and memory: make sizes ROWS=1000000
# make simulate  plays half-days of each profile in simulated time, and searches the rotation
#                rules: make simulate RUNS=10000
# make simulate-schemes
#                compares Latchkey with published schemes of refresh token rotation, and prints
#                the table of docs/rotation.md

GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES = . e2e web bench
EXPRESS = docs/recipes/express
TYPESCRIPT = idp/typescript

.PHONY: demo test check web fuzz crash bench sizes tools
.DELETE_ON_ERROR:

demo:
	$(GO) run ./cmd/latchkey demo

tools:
	sh scripts/install-test-tools

# The number of packages tested at the same time: one more than there are processors, because many
# tests wait for servers and browsers.
PACKAGES = $$(($$(getconf _NPROCESSORS_ONLN) + 1))

test: tools web/node_modules/.package-lock.json $(EXPRESS)/node_modules/.package-lock.json $(TYPESCRIPT)/node_modules/.package-lock.json
	$(GO) test -run '^TestSizeOfTheCache$$' .
	$(GO) test ./internal/rotation ./internal/cookie ./internal/mac
	$(GO) test ./steps
	$(GO) test -run '^Test(Mix|SameSeed)' ./sim
	$(GO) test -run '^TestSizes' ./sqlitestore ./pgstore ./redisstore
	$(GO) test -timeout 20m -run '^Test(LoginFlood|ImportOfTheMost|Postgres)$$' ./idp
	$(GO) test -race -shuffle=on -p $(PACKAGES) -timeout 40m ./...
	npm --prefix web --silent test
	$(GO) test -C bench -count=1 .
	$(GO) test -C e2e -race -count=1 -timeout 30m ./...

check: web/node_modules/.package-lock.json
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	@for m in $(MODULES); do echo "vet and staticcheck: $$m" && (cd $$m && $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...) || exit 1; done
	$(GO) mod verify
	$(GO) run ./scripts/comments
	sh scripts/vulncheck
	npm --prefix web --silent run check
	sh scripts/web-unchanged

web: web/node_modules/.package-lock.json
	$(GO) run -C web .

# Each fuzz target for a short while: make fuzz FUZZTIME=1m
FUZZTIME ?= 10s
fuzz:
	sh scripts/fuzz $(FUZZTIME)

BENCHFLAGS ?=
bench: tools bench/peers/node_modules/.package-lock.json
	$(GO) test -C bench -run '^TestBench$$' -count=1 -timeout 1h -v . -measure -measure.write $(BENCHFLAGS)

ROWS ?= 10000000
SESSIONS ?= 1000000
sizes: tools
	$(GO) test -run '^TestSizeOfTheCache$$' -count=1 -timeout 1h -v . -sizes.sessions $(SESSIONS)
	$(GO) test -run '^TestSizes$$' -count=1 -timeout 3h -p 1 -v ./sqlitestore ./pgstore ./redisstore -sizes.rows $(ROWS)

KILLS ?= 300
crash:
	$(GO) test -run '^TestCrash' -count=1 -v -timeout 1h ./cmd/latchkey -crash.kills $(KILLS)

RUNS ?= 1000
simulate:
	$(GO) test -count=1 -timeout 0 -v -run 'TestSimulate$$' ./sim -sim.runs $(RUNS) $(SIMFLAGS)
	$(GO) test -count=1 -timeout 0 -run TestSearch ./internal/rotation -search.long

simulate-schemes:
	$(GO) test -C sim/schemes -count=1 -timeout 1h -schemes.table -schemes.runs 500

web/node_modules/.package-lock.json: web/package-lock.json | tools
	npm --prefix web --silent ci --no-audit --no-fund

$(EXPRESS)/node_modules/.package-lock.json: $(EXPRESS)/package-lock.json | tools
	npm --prefix $(EXPRESS) --silent ci --no-audit --no-fund --ignore-scripts

$(TYPESCRIPT)/node_modules/.package-lock.json: $(TYPESCRIPT)/package-lock.json | tools
	npm --prefix $(TYPESCRIPT) --silent ci --no-audit --no-fund --ignore-scripts

bench/peers/node_modules/.package-lock.json: bench/peers/package-lock.json | tools
	npm --prefix bench/peers --silent ci --no-audit --no-fund --ignore-scripts
