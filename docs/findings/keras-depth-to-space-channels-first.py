"""Keras (keras 3.15.1) on JAX: y of
keras.ops.depth_to_space(x, 2, data_format="channels_first") on an input of shape (1, 8, 1, 1), against the same with channels last

With channels last the channels of one place of the block are neighbours (DCR), as in TensorFlow. With channels first the places of one
channel are neighbours (CRD), on JAX and on PyTorch; on TensorFlow both are DCR.

Prints FAULT SHOWN and ends with exit status 10 while the fault is there; prints FAULT GONE and ends with 0 when it is not.
Any other exit status: the program did not run.
"""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras
import numpy as np

x = np.arange(8, dtype="float32").reshape(1, 8, 1, 1)

print("CALLING", flush=True)

first = keras.ops.convert_to_numpy(keras.ops.depth_to_space(x, 2, data_format="channels_first"))
last = keras.ops.convert_to_numpy(keras.ops.depth_to_space(x.transpose(0, 2, 3, 1), 2, data_format="channels_last")).transpose(0, 3, 1, 2)
if np.array_equal(first, last):
    print("FAULT GONE: both layouts have the same order", flush=True)
    sys.exit(0)
print(f"FAULT SHOWN: channel 0 is {first[0, 0].tolist()} with channels first, {last[0, 0].tolist()} with channels last", flush=True)
sys.exit(10)
