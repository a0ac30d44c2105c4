"""The room of JAX: how it is run (runtime), how operations are written in it (write), its functions (signatures), its known
deviations (known)."""
