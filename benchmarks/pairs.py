"""Polygraphy comparing two ONNX Runtime runners, with and without graph optimisation, on one-node ConvTranspose models.

    python -m benchmarks.pairs        prints how many configurations a second, warm
"""

from __future__ import annotations

import time
from collections.abc import Callable

import onnxruntime as ort
from onnx import TensorProto, helper
from polygraphy.backend.onnxrt import OnnxrtRunner
from polygraphy.comparator import Comparator, CompareFunc
from polygraphy.logger import G_LOGGER

from benchmarks.configurations import transposes
from benchmarks.nodes import single_thread
from spec import Case

COLD, WARM = 20, 100


def main() -> None:
    G_LOGGER.module_severity = G_LOGGER.CRITICAL
    cases = transposes(COLD + WARM)
    for case in cases[:COLD]:
        compare(case)
    began = time.monotonic()
    for case in cases[COLD:]:
        compare(case)
    print(WARM / (time.monotonic() - began))


def compare(case: Case) -> None:
    content = model(case)
    runners = [OnnxrtRunner(session(content, optimised=on), name=str(on)) for on in (True, False)]
    assert bool(Comparator.compare_accuracy(Comparator.run(runners), compare_func=CompareFunc.simple(atol=1e-5, rtol=1e-5)))


def session(content: bytes, *, optimised: bool) -> Callable[[], ort.InferenceSession]:
    options = single_thread()
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return lambda: ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def model(case: Case) -> bytes:
    shapes = {"x": case.x, "w": case.w[0], "y": case.y}
    x, w, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items())
    (op,) = case.op.steps
    pads = [lo for lo, _ in op.crop] + [hi for _, hi in op.crop]
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=list(op.stride), pads=pads)
    graph = helper.make_graph([node], "one", [x, w], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


if __name__ == "__main__":
    main()
