"""keras-tensorflow:dynamic (keras 3.15.1, tensorflow 2.21.0), y of
Resize(size=(1, 1), mode='cubic') x=(1, 1, 1, 1) float32 seed=0

raised: tensorflow.python.framework.errors_impl.OperatorNotAllowedInGraphError: Exception encountered when calling UpSampling2D.call().

Using a symbolic `tf.Tensor` as a Python `bool` is not allowed. You can attempt the following resolutions to the problem: If you are running in Graph mode, use Eager execution mode or decorate this function with @tf.function. If you are using AutoGraph, you can try decorating this function with @tf.function. If that does not work, then you may be using an unsupported feature or your source code may not be visible to AutoGraph. See https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/autograph/g3doc/reference/limitations.md#access-to-source-code for more information.

Arguments received by UpSampling2D.call():
  • inputs=tf.Tensor(shape=(None, None, None, 1), dtype=float32)

Prints FAULT SHOWN and ends with exit status 10 while the fault is there; prints FAULT GONE and ends with 0 when it is not.
Any other exit status: the program did not run.
"""

import os
import re
import subprocess
import sys
import traceback

import numpy as np

if len(sys.argv) == 1:  # the call is made in a process of its own, since some faults end the process
    inside = subprocess.Popen([sys.executable, os.path.abspath(__file__), "inside"], stdout=subprocess.PIPE)
    printed = []
    for line in inside.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
        printed.append(line.strip())
    status = inside.wait()
    for marker, meaning in ((b"FAULT SHOWN", 10), (b"FAULT GONE", 0)):
        if status == meaning and any(line.startswith(marker) for line in printed):
            sys.exit(status)
    sys.exit(f"DID NOT RUN: the process that makes the call ended with status {status}")

os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
os.environ['KERAS_BACKEND'] = 'tensorflow'
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

# How arrays go in and out, and how gradients are taken

import os
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(int(os.environ.get("CONCORDANT_THREADS", 1)))
tf.config.threading.set_inter_op_parallelism_threads(1)


def array(a, dtype):
    return tf.cast(tf.constant(a), dtype)


def numpy(t):
    return t.numpy()


def dtype(t):
    return t.dtype.name


def answers(f, args, g):
    with tf.GradientTape() as tape:
        for a in args:
            tape.watch(a)
        y = f(*args)
    yield y
    yield from tape.gradient(y, args, g, unconnected_gradients="zero")

import keras

# Input data

x = np.array([[[[-16584961]]]], float)
g = None

# Print what was found


def end(words, status):
    print(words.encode("ascii", "backslashreplace").decode(), flush=True)
    os._exit(status)  # at once: what a framework does when Python ends is another matter

error_of_the_fault = 'tensorflow.python.framework.errors_impl.OperatorNotAllowedInGraphError: Exception encountered when calling UpSampling2D.call().\n\nUsing a symbolic `tf.Tensor` as a Python `bool` is not allowed. You can attempt the following resolutions to the problem: If you are running in Graph mode, use Eager execution mode or decorate this function with @tf.function. If you are using AutoGraph, you can try decorating this function with @tf.function. If that does not work, then you may be using an unsupported feature or your source code may not be visible to AutoGraph. See https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/autograph/g3doc/reference/limitations.md#access-to-source-code for more information.\n\nArguments received by UpSampling2D.call():\n  • inputs=tf.Tensor(shape=(None, None, None, 1), dtype=float32)'


def plain(text):
    return re.sub(r"0x[0-9a-f]+|[0-9]+", "#", text)


def raised(kind, error, trace):
    said = "".join(traceback.format_exception_only(kind, error)).strip()
    first, *others = plain(error_of_the_fault).splitlines()
    if plain(said).startswith(first) and all(line in plain(said) for line in others if 'File "' not in line):
        end("FAULT SHOWN: it raised " + said, 10)
    traceback.print_exception(kind, error, trace)
    end("THE CALL RAISED another error", 1)


sys.excepthook = raised

# What keras-tensorflow:dynamic runs

print("CALLING", flush=True)

import keras
import tensorflow as tf


def for_any_lengths(f):
    graph = tf.function(f, autograph=False)

    def call(x, *w):
        lengths = tf.TensorSpec([None, x.shape[1], *[None] * (x.ndim - 2)], x.dtype)
        return graph.get_concrete_function(lengths, *(tf.TensorSpec(v.shape, v.dtype) for v in w))(x, *w)

    return call
layer = keras.layers.UpSampling2D(size=1, interpolation="bicubic", dtype="float32")


@for_any_lengths
def f(x):
    x = keras.ops.transpose(x, axes=(0, 2, 3, 1))
    x = layer(x)
    x = keras.ops.transpose(x, axes=(0, 3, 1, 2))
    return x

# Run

args = [array(a, 'float32') for a in (x,)]
cotangent = None if g is None else array(g, 'float32')


def outputs():
    got = []
    for t in answers(f, args, cotangent):
        got.append(t)
        if len(got) > 0:
            break
    return got


for _ in range(1):
    for t in outputs():
        numpy(t), dtype(t)
end("FAULT GONE: the call returned", 0)
