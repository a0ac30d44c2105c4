"""The room of flax: its layers and functions, read and written (read, port, signatures). JAX runs them; see backends/jax."""
