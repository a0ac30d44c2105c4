"""How ONNX nodes are run: ONNX Runtime on one CPU thread, one model for a whole program."""

from __future__ import annotations

from backends import Runtime
from backends.modes import same_buffers

GLUE = """
import os

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(4)  # what goes wrong is raised, too

def array(a, dtype):
    return a.astype(dtype)

def numpy(t):
    return t

def dtype(t):
    return str(t.dtype)

def version():
    return {"onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__}

def facts():
    return {"threads": os.environ.get("CONCORDANT_THREADS", "1"), "device": "cpu"}

def answers(f, args, g):
    y = f(*args)
    yield y.numpy() if hasattr(y, "numpy") else y
"""

IMPORTS = '''\
import os

import numpy as np
import onnx
import onnxruntime


class Value:
    """The output of a node. numpy() runs the node and all nodes before it as one model."""

    def __init__(self, node, inputs, opset):
        same = (v if getattr(v, "opset", opset) == opset else v.numpy() for v in inputs)  # a model has one opset
        self.node, self.inputs, self.opset = node, list(same), opset

    def numpy(self):
        x = self
        while isinstance(x, Value):
            x = x.inputs[0]
        nodes, constants, names = [], [], {id(None): "", id(x): "x"}

        def named(value):
            if id(value) not in names:
                names[id(value)] = name = f"v{len(names)}"
                if isinstance(value, Value):
                    node = onnx.NodeProto()
                    node.CopyFrom(value.node)
                    node.input[:], node.output[:] = [named(v) for v in value.inputs], [name]
                    nodes.append(node)
                else:
                    constants.append(onnx.numpy_helper.from_array(value, name))
            return names[id(value)]

        y, dtype = named(self), onnx.helper.np_dtype_to_tensor_dtype(x.dtype)
        declared = [onnx.helper.make_tensor_value_info(n, dtype, shape) for n, shape in (("x", x.shape), (y, None))]
        graph = onnx.helper.make_graph(nodes, "f", declared[:1], declared[1:], constants)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", self.opset)], ir_version=10)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = int(os.environ.get("CONCORDANT_THREADS", 1))
        return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"]).run(None, {"x": x})[0]


class Nodes:
    """op.Conv(x, w, strides=(2, 2)) adds a node; op(node, x, w) adds one that is made already."""

    def __call__(self, node, *inputs, opset=22):
        return Value(node, inputs, opset)

    def __getattr__(self, kind):
        def made(*inputs, opset=22, **given):
            names = [one.name for one in onnx.defs.get_schema(kind, opset).inputs]
            values = [*inputs, *(given.pop(name, None) for name in names[len(inputs):])]
            values = [self.constant(name, value, values[0]) for name, value in zip(names, values)]
            while values[-1] is None:
                values.pop()
            return Value(onnx.helper.make_node(kind, [""] * len(values), ["y"], **given), values, opset)

        return made

    def constant(self, name, value, x):
        if value is None or isinstance(value, (np.ndarray, Value)):
            return value
        while isinstance(x, Value):
            x = x.inputs[0]
        return np.array(value, np.float32 if name in ("roi", "scales") else np.int64 if isinstance(value, tuple) else x.dtype)


op = Nodes()'''
"""Of one program with several nodes one model is made: x is its input, other arrays are its constants."""

RUNTIMES = {
    "onnxruntime": Runtime(
        packages=("onnxruntime", "onnx"), glue=GLUE, outputs=("y",), dtypes=("float16", "float32", "float64", "uint8", "int8", "int32"),
        modes={"same-buffers": same_buffers(GLUE, copied="t.copy()", empty="np.empty_like(a)")},
    )
}  # fmt: skip
"""Arrays of bfloat16 do not go in and out of it by way of NumPy."""
