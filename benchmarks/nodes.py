"""ONNX's own backend node tests of the family, through ONNX Runtime.

    python -m benchmarks.nodes        prints how many ran, and wall seconds
"""

from __future__ import annotations

import time
import warnings
from contextlib import suppress

import onnxruntime as ort
from onnx.backend.test.case.node import collect_testcases

WANTED = {
    "Conv", "ConvTranspose", "Resize", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "MaxUnpool",
    "DepthToSpace", "SpaceToDepth", "Pad", "Upsample",
}  # fmt: skip


def main() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tests = [t for t in collect_testcases(None) if {node.op_type for node in t.model.graph.node} & WANTED]
    began, done = time.monotonic(), 0
    for test in tests:
        with suppress(Exception):
            session = ort.InferenceSession(test.model.SerializeToString(), single_thread())
            for inputs, _ in test.data_sets:
                session.run(None, dict(zip((one.name for one in session.get_inputs()), inputs, strict=True)))
            done += 1
    print(done, time.monotonic() - began)


def single_thread() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return options


if __name__ == "__main__":
    main()
