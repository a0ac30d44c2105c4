"""The room of TensorFlow: how it is run (runtime), how operations are written in it (write), its functions (signatures), its known
deviations (known)."""
