"""The room of ONNX: how its nodes are run (runtime), how operations are written in them (write, port), how they are read (read), its
operators (signatures), known deviations of ONNX Runtime (known)."""
