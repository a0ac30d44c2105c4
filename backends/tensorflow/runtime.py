"""How TensorFlow is run: the glue of its worker process, its modes."""

from __future__ import annotations

from backends import Code, Mode, Runtime
from backends.modes import THREADS, double_backward, mixed_dtypes
from backends.onednn import ONEDNN

GLUE = ONEDNN + """
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(int(os.environ.get("CONCORDANT_THREADS", 1)))
tf.config.threading.set_inter_op_parallelism_threads(1)

def array(a, dtype):
    return tf.cast(tf.constant(a), dtype)

def numpy(t):
    return t.numpy()

def dtype(t):
    return t.dtype.name

def version():
    return {"tensorflow": tf.__version__}

def facts():
    from tensorflow.python.util import _pywrap_util_port as port
    found = {
        "threads": str(tf.config.threading.get_intra_op_parallelism_threads()),
        "device": "cpu",
        "tf32": "on" if tf.config.experimental.tensor_float_32_execution_enabled() else "off",
        "onednn": "off",
    }
    if port.IsMklEnabled():
        os.environ.setdefault("ONEDNN_VERBOSE", "profile_create,filter=rnn")
        said = printed(lambda: tf.nn.conv2d(tf.ones((1, 2, 2, 1)), tf.ones((1, 1, 1, 1)), 1, "VALID").numpy())
        found |= {"onednn": "on", "onednn_isa": onednn_isa(said)}
    return found

def answers(f, args, g):
    with tf.GradientTape() as tape:
        for a in args:
            tape.watch(a)
        y = f(*args)
    yield y
    yield from tape.gradient(y, args, g, unconnected_gradients="zero")

def infer(f, args):
    traced = tf.function(f, autograph=False).get_concrete_function(*(tf.TensorSpec(a.shape, a.dtype) for a in args))
    yield "tf.function's static shape", traced.structured_outputs.shape, None
"""

ANY_LENGTHS = """\
import tensorflow as tf


def for_any_lengths(f):
    graph = tf.function(f, autograph=False)

    def call(x, *w):
        lengths = tf.TensorSpec([None, x.shape[1], *[None] * (x.ndim - 2)], x.dtype)
        return graph.get_concrete_function(lengths, *(tf.TensorSpec(v.shape, v.dtype) for v in w))(x, *w)

    return call"""

QUIET_CPU = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}

TWICE = """
def twice(f, x, *w):
    constant = f(tf.zeros_like(x), *w)
    u = tf.zeros_like(constant)
    with tf.GradientTape() as outer:
        outer.watch(u)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x, *w)
        dx = inner.gradient(y, x, u, unconnected_gradients="zero")
    linear = outer.gradient(dx, u, x)
    if linear is None:
        raise NotImplementedError("the gradient of x has no gradient: outer.gradient(...) is None")
    return constant, linear
"""

MODES = {
    "function": Mode(
        meaning="inside tf.function, as a graph", decorator=Code("@tf.function(autograph=False)"), share="large",
        also=("compiled", "graph", "tf.function"),
    ),
    "xla": Mode(
        meaning="inside tf.function(jit_compile=True), compiled by XLA",
        decorator=Code("@tf.function(autograph=False, jit_compile=True)"), share="small", own_kernels=True, also=("jit", "jit_compile"),
    ),
    "onednn": Mode(
        meaning="with oneDNN's kernels, whatever the processor is", environment={"TF_ENABLE_ONEDNN_OPTS": "1"}, expects={"onednn": "on"},
        also=("mkl", "mkldnn"),
    ),
    "no-onednn": Mode(
        meaning="without oneDNN's kernels", environment={"TF_ENABLE_ONEDNN_OPTS": "0"}, expects={"onednn": "off"},
        also=("no-mkl", "onednn-off", "eigen"),
    ),
    "dynamic": Mode(
        meaning="inside tf.function, traced for any batch and any lengths of x", decorator=Code("@for_any_lengths", before=ANY_LENGTHS),
        share="small", also=("unknown-lengths", "symbolic"),
    ),
    "mixed-dtypes": mixed_dtypes(GLUE, cast="tf.cast(a, dtype)"),
    "double-backward": double_backward(GLUE, TWICE),
    "threads": THREADS,
}  # fmt: skip

RUNTIMES = {
    "tensorflow": Runtime(
        packages=("tensorflow",), install=("tensorflow-cpu=={version}",), glue=GLUE, environment=QUIET_CPU, modes=MODES
    )
}  # fmt: skip

IMPORTS = "import tensorflow as tf"
