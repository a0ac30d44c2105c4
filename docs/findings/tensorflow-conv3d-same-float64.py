"""tensorflow (tensorflow 2.21.0), y of
Conv(stride=(3, 1, 3), padding=((0, 0), (1, 1), (0, 0))) x=(1, 1, 9, 1, 3) w=(3, 1, 1, 3, 3) float64 seed=1

differ: 9 of 9 values are wrong; it answers as if x lay one pixel earlier on its spatial axis 0, wrapped around

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


def f(x, w):
    x = tf.transpose(x, (0, 2, 3, 4, 1))
    w = tf.transpose(w, (2, 3, 4, 1, 0))
    x = tf.nn.conv3d(x, w, (1, 3, 1, 3, 1), "SAME", dilations=(1, 1, 1, 1, 1))
    x = tf.transpose(x, (0, 4, 1, 2, 3))
    return x

# The numbers

x = np.array([[[[[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]], [[1, 0, 0]], [[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]]]]], float)
g = None
w = np.array([[[[[0, 0, 0], [0, 0, 0], [0, 0, 0]]]], [[[[0, 0, 0], [1, 0, 0], [0, 0, 0]]]], [[[[0, 0, 0], [0, 0, 0], [0, 0, 0]]]]], float)

# What the definition says of y, and how far rounding may take it

expected = np.zeros((1, 3, 3, 1, 1))
allowed = np.zeros((1, 3, 3, 1, 1))

# Ask, and compare

args = [array(a, 'float64') for a in (x, w,)]
cotangent = None if g is None else array(g, 'float64')


def ask():
    if "together" in globals():
        outputs, error = together([f])([(args, cotangent)])[0]
        if error:
            raise error
        return list(outputs)
    wanted = []
    for t in answers(f, args, cotangent):
        wanted.append(t)
        if len(wanted) > 0:
            break
    return wanted


for answer in [ask()[0] for _ in range(1)]:
    if dtype(answer) != 'float64':
        sys.exit(f"the dtype is {dtype(answer)} instead of float64")
    got = numpy(answer).astype(float)
    if got.shape != expected.shape:
        sys.exit(f"the shape is {got.shape} instead of {expected.shape}")
    right = (np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(expected) & ~np.isfinite(got))
    if not right.all():
        at = tuple(int(n) for n in np.argwhere(~right)[0])
        sys.exit(f"{int((~right).sum())} of {right.size} values are wrong; first at {list(at)}: "
                 f"expected {expected[at]}, got {got[at]}")
print("as the definition says")
