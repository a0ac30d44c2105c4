"""The operations, each stated once by its equation."""
