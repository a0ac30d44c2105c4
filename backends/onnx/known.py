"""ONNX Runtime."""

from __future__ import annotations

from backends.known import Known

KNOWN: list[Known] = []
