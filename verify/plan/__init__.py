"""Which cases are run, on which backends."""
