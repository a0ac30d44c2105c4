"""tensorflow (tensorflow 2.21.0), y of
Conv(stride=(1,), padding=((7, 8),), groups=2) x=(1, 2, 32) w=(2, 1, 16) bfloat16 seed=48057

timeout: the worker sent no output for 60 s

Concordant did not run this program: the time for minimising was over.
Prints FAULT SHOWN and ends with exit status 10 while the fault is there; prints FAULT GONE and ends with 0 when it is not.
Any other exit status: the program did not run.
"""

import os
import subprocess
import sys
import threading

import numpy as np

if len(sys.argv) == 1:  # the call is made in a process of its own, since some faults end the process
    inside = subprocess.Popen([sys.executable, os.path.abspath(__file__), "inside"], stdout=subprocess.PIPE)
    late = threading.Event()
    limit = threading.Timer(60, lambda: (late.set(), inside.kill()))
    printed = []
    for line in inside.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
        printed.append(line.strip())
        if line.strip().endswith(b"CALLING"):
            limit.start()
    limit.cancel()
    status = inside.wait()
    if late.is_set():
        print("FAULT SHOWN: the call did not return within 60 s")
        sys.exit(10)
    for marker, meaning in ((b"FAULT SHOWN", 10), (b"FAULT GONE", 0)):
        if status == meaning and any(line.startswith(marker) for line in printed):
            sys.exit(status)
    sys.exit(f"DID NOT RUN: the process that makes the call ended with status {status}")

os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
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

# Input data

x = np.array([[[2, 2, -1, 0, 1, 0, -2, -2, -2, 1, -1, -1, 1, -2, -1, -1, 1, 0, -1, 0, 1, 0, 1, 2, 1, 2, 0, -1, 2, 1, -2, -1], [1, -2, 2, 1, -1, -2, 0, 1, 2, 1, 1, 1, 0, -1, 1, -1, -2, -2, -1, 1, 1, 0, -2, 0, 2, 0, 2, 1, -1, -2, -2, 2]]], float)
g = np.array([[[-2, 2, 0, 2, -1, 1, 1, 1, 1, 2, 2, 1, 2, -1, -1, -2, -1, 2, 0, 1, 0, 2, 1, 1, 1, 2, -2, -2, 0, 1, -2, 1], [-2, -2, 2, -1, 1, 2, 0, -2, 0, 1, 0, 1, 2, -2, 0, -1, -2, -2, -2, -2, 0, -1, -2, -2, -1, 0, 1, -2, 0, 2, -1, 0]]], float)
w = np.array([[[-1, 0, 1, 2, 1, -1, -1, -2, -2, -2, -1, -2, 2, 2, 2, -1]], [[-2, 0, 0, 2, 0, 0, -2, 1, -2, -2, -2, 2, -1, -1, 1, 1]]], float)

# Print what was found


def end(words, status):
    print(words.encode("ascii", "backslashreplace").decode(), flush=True)
    os._exit(status)  # at once: what a framework does when Python ends is another matter

# What tensorflow runs

print("CALLING", flush=True)

import tensorflow as tf


def f(x, w):
    x = tf.transpose(x, perm=(0, 2, 1))
    w = tf.transpose(w, perm=(2, 1, 0))
    x = tf.nn.conv1d(x, w, 1, "SAME")
    x = tf.transpose(x, perm=(0, 2, 1))
    return x

# Run

args = [array(a, 'bfloat16') for a in (x, w,)]
cotangent = None if g is None else array(g, 'bfloat16')


def outputs():
    got = []
    for t in answers(f, args, cotangent):
        got.append(t)
        if len(got) > 3:
            break
    return got


for _ in range(1):
    for t in outputs():
        numpy(t), dtype(t)
end("FAULT GONE: the call returned", 0)
