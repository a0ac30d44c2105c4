"""Keras (keras 3.15.1) on TensorFlow (2.21): y of
keras.layers.Conv1D(4, 1, data_format="channels_first") on an input of shape (1, 3, 4), whose result has 4 channels and 4 columns

The bias is added along the columns, not along the channels. With 5 columns it is right.

Prints FAULT SHOWN and ends with exit status 10 while the fault is there; prints FAULT GONE and ends with 0 when it is not.
Any other exit status: the program did not run.
"""

import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # TensorFlow has no other kernel for channels first on CPU

import keras
import numpy as np

layer = keras.layers.Conv1D(4, 1, data_format="channels_first", kernel_initializer="zeros")
layer.build((1, 3, 4))
layer.bias.assign([1, 2, 3, 4])

print("CALLING", flush=True)

y = keras.ops.convert_to_numpy(layer(np.zeros((1, 3, 4), "float32")))
expected = np.repeat([[[1.0], [2.0], [3.0], [4.0]]], 4, axis=2)
if np.array_equal(y, expected):
    print("FAULT GONE: the bias is added along the channels", flush=True)
    sys.exit(0)
print(f"FAULT SHOWN: channel 0 is {y[0, 0].tolist()}, but with a kernel of zeros and the bias 1 it is [1, 1, 1, 1]", flush=True)
sys.exit(10)
