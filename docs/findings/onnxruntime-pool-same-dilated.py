"""ONNX Runtime (onnxruntime 1.31.1): shape of y of
MaxPool with kernel_shape=[3], strides=[2], dilations=[2], auto_pad="SAME_UPPER" on an input of shape (1, 1, 9)

ONNX says that the result has ceil(9 / 2) = 5 pixels; it has 4. The padding is computed for a kernel without dilations.

Prints FAULT SHOWN and ends with exit status 10 while the fault is there; prints FAULT GONE and ends with 0 when it is not.
Any other exit status: the program did not run.
"""

import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3], strides=[2], dilations=[2], auto_pad="SAME_UPPER")
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 9])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
model = helper.make_model(helper.make_graph([node], "f", [x], [y]), opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
inferred = [d.dim_value for d in onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim]
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

print("CALLING", flush=True)

(got,) = session.run(None, {"x": np.arange(9, dtype="float32").reshape(1, 1, 9)})
if list(got.shape) == [1, 1, 5]:
    print("FAULT GONE: the result has 5 pixels", flush=True)
    sys.exit(0)
print(f"FAULT SHOWN: the shape is {list(got.shape)}, but ONNX says [1, 1, 5], and infers {inferred}", flush=True)
sys.exit(10)
