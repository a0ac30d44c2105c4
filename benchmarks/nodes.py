"""ONNX's own backend node tests of the family, through ONNX Runtime.

    python -m benchmarks.nodes        prints how many ran, and wall seconds
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import onnx
import onnxruntime as ort
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

WANTED = {
    "Conv", "ConvTranspose", "Resize", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "MaxUnpool",
    "DepthToSpace", "SpaceToDepth", "Pad", "Upsample",
}  # fmt: skip


def main() -> None:
    began, done = time.monotonic(), 0
    for test in load_model_tests(kind="node"):
        model = onnx.load(Path(test.model_dir) / "model.onnx")
        if {node.op_type for node in model.graph.node} & WANTED:
            with suppress(Exception):
                run(model, Path(test.model_dir))
                done += 1
    print(done, time.monotonic() - began)


def run(model: onnx.ModelProto, folder: Path) -> None:
    session = ort.InferenceSession(model.SerializeToString(), single_thread())
    for data in folder.glob("test_data_set_*"):
        inputs = enumerate(session.get_inputs())
        session.run(None, {one.name: numpy_helper.to_array(onnx.load_tensor(data / f"input_{i}.pb")) for i, one in inputs})


def single_thread() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return options


if __name__ == "__main__":
    main()
