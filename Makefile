# Every target sets up all it needs in .venv: Python 3.11 or newer, pip and make are enough.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: verify test test-slow test-all check browser mutants bench soak portability docs report-docs clean

verify: .venv/frameworks
	$(BIN)/concordant run --suite quick; status=$$?; \
	$(BIN)/concordant report --out runs/latest/report.html && echo runs/latest/report.html; exit $$status

# A sample of everything: every module, all runtimes.
test: .venv/frameworks
	$(BIN)/python -m pytest -n 2 --dist loadfile

# What test leaves out; together they are every test once.
test-slow: .venv/frameworks
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "slow and not soak"

test-all: test test-slow

check: .venv/frameworks
	$(BIN)/ruff check .
	$(BIN)/mypy

# What tests/test_browser.py needs beside Python; without it those tests are skipped.
browser:
	command -v chromium && command -v chromedriver || { \
	  sudo=$$(test $$(id -u) = 0 || echo sudo); \
	  $$sudo apt-get update --quiet && $$sudo apt-get install --quiet --yes --no-install-recommends chromium chromium-driver; }

mutants: .venv/frameworks
	$(BIN)/python -m tests.bank

# Half an hour and more, on a machine that does nothing else.
bench: .venv/frameworks
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group bench
	$(BIN)/python -m benchmarks.bench

# What kills a run sixty times, and what asks a hundred thousand cases.
soak: .venv/frameworks
	$(BIN)/python -m pytest -m soak tests
	$(BIN)/python -m benchmarks.soak

# Half an hour: the quick suite with oneDNN on and off, with fewer instructions, with two threads.
portability: .venv/frameworks
	$(BIN)/python -m tools.portability > docs/portability.md; status=$$?; cat docs/portability.md; exit $$status

docs: .venv/frameworks
	$(BIN)/python -m verify.record > docs/report.schema.json
	$(BIN)/concordant claims --markdown > docs/claims.md
	$(BIN)/concordant theorems --markdown > docs/theorems.md
	$(BIN)/python -m tools.theory runs/theorems/report.json > docs/theory.md
	$(BIN)/python -m tools.rounding > docs/rounding.md
	$(BIN)/concordant known --markdown > docs/known.md
	$(BIN)/python -m tests.bank --markdown > docs/mutants.md
	$(BIN)/concordant run --suite standard --quiet --out runs/docs || test $$? = 1
	$(BIN)/python -m tools.ratios runs/docs/report.json > docs/ratios.md
	$(BIN)/python -m tools.disagreements runs/docs/report.json > docs/findings/disagreements.md
	$(BIN)/python -m tests.honest --markdown > docs/false-alarms.md
	$(BIN)/concordant hazards runs/docs --markdown > docs/hazards.md
	$(BIN)/concordant hazards runs/docs --json > verify/report/hazards.json
	$(BIN)/python -m tools.journeys > docs/journeys.md
	$(BIN)/python -m tools.ports > docs/ports.md
	$(BIN)/concordant run --suite models --quiet --out runs/models
	$(BIN)/python -m tools.models runs/models/report.json > docs/models.md
	$(BIN)/python -m tools.recording > docs/recording.svg
	$(BIN)/python -m tools.gallery

# The page of a real run, and its pictures in README.md.
report-docs: .venv/frameworks browser
	$(BIN)/concordant run --suite quick --quiet --out runs/report || test $$? = 1
	$(BIN)/concordant report runs/report --out docs/report/index.html
	$(BIN)/python -m tests.browser docs/report/index.html docs/report

# torch first and alone: once it is there, no other package asks for another build of it.
.venv/frameworks: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch tensorflow-cpu jax keras
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	touch $@

clean:
	rm -rf .venv build *.egg-info runs
