"""The promises with numbers: tests keep a share of each, ``python -m tests.bench faults`` all."""
