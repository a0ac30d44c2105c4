"""tensorflow (tensorflow 2.21.0), dx of
MaxPool(kernel=(1, 2, 1), stride=(1, 1, 1)) x=(1, 1, 1, 2, 1) float32 ties seed=0

differ: 1 of 2 values are wrong; it answers as if the gradient lay one pixel later on every spatial axis, with its edge repeated behind

Exit status 1 while the fault stands, 0 once it is gone.
"""

import os
import subprocess
import sys

import numpy as np

if len(sys.argv) == 1:  # in a process of its own, since some faults are fatal
    sys.exit(subprocess.run([sys.executable, os.path.abspath(__file__), "inside"]).returncode != 0)

os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

# How arrays go in and out, and how gradients are taken

import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
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

# What tensorflow is asked

import tensorflow as tf


def f(x):
    x = tf.transpose(x, (0, 2, 3, 4, 1))
    x = tf.nn.max_pool3d(x, (1, 2, 1), 1, "VALID")
    x = tf.transpose(x, (0, 4, 1, 2, 3))
    return x

# The numbers

x = np.array([[[[[-1], [-1]]]]], float)
g = np.array([[[[[-1]]]]], float)

# What the definition says of dx, and how far rounding may take it

expected = np.array([[[[[-1], [0]]]]], float)
allowed = np.zeros((1, 1, 1, 2, 1))

# Ask, and compare

args = [array(a, 'float32') for a in (x,)]
cotangent = None if g is None else array(g, 'float32')


def ask():
    if "together" in globals():
        outputs, error = together([f])([(args, cotangent)])[0]
        if error:
            raise error
        return list(outputs)
    wanted = []
    for t in answers(f, args, cotangent):
        wanted.append(t)
        if len(wanted) > 1:
            break
    return wanted


for answer in [ask()[1] for _ in range(1)]:
    if dtype(answer) != 'float32':
        sys.exit(f"the dtype is {dtype(answer)} instead of float32")
    got = numpy(answer).astype(float)
    if got.shape != expected.shape:
        sys.exit(f"the shape is {got.shape} instead of {expected.shape}")
    right = (np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(expected) & ~np.isfinite(got))
    if not right.all():
        at = tuple(int(n) for n in np.argwhere(~right)[0])
        sys.exit(f"{int((~right).sum())} of {right.size} values are wrong; first at {list(at)}: "
                 f"expected {expected[at]}, got {got[at]}")
print("as the definition says")
