"""What people reported about these operations and still holds, and where a run shows each of it by itself."""

from __future__ import annotations

from dataclasses import dataclass

GITHUB = "https://github.com/"


@dataclass(frozen=True)
class Disagreement:
    """In words, with the thread ("" if none was found).

    shown: ids of records in backends/*/known.py, whose cases were asked and went as they say; or names of theorems; or functions of
    spec.conventions that say what a framework's word means, where nobody is wrong and all mean something else.
    """

    words: str
    thread: str
    shown: tuple[str, ...]

    @property
    def link(self) -> str:
        """Empty if no upstream report was found."""
        return GITHUB + self.thread if self.thread else ""


REPORTED = [
    Disagreement(
        "lax.conv_transpose: explicit pads are those of the zero-inserted input, 'SAME' and 'VALID' those of the forward convolution",
        "jax-ml/jax/issues/32267", ("lax_transpose_crop",),
    ),
    Disagreement(
        "lax.conv_transpose does not flip the kernel unless transpose_kernel=True, so that it is no adjoint",
        "jax-ml/jax/issues/11252", ("adjoint-of-the-transpose", "input-gradient"),
    ),
    Disagreement(
        "for odd k and stride 2 no (padding, output_padding) of PyTorch is Keras's and TensorFlow's 'same'",
        "keras-team/keras-core/issues/774", ("one-pixel-off", "torch_transpose_words"),
    ),
    Disagreement(
        "tf.nn.conv2d_transpose takes several output lengths, and the crop moves with them", "tensorflow/tensorflow/issues/45999",
        ("tf_same_crop", "tf_valid_crop"),
    ),
    Disagreement(
        "TensorFlow on CPU: dilated transposed convolution exists with oneDNN alone", "tensorflow/tensorflow/issues/28264",
        ("tensorflow-dilated-float64-transpose",),
    ),
    Disagreement(
        "TensorFlow on CPU: dilated convolution without oneDNN has no gradient, and none at all in 3-D",
        "tensorflow/tensorflow/issues/28264", ("tensorflow-dilated-float64", "tensorflow-dilated-float64-gradient"),
    ),
    Disagreement(
        "TensorFlow on CPU: grouped convolution without oneDNN has no gradient, and conv3d no groups",
        "tensorflow/tensorflow/issues/45216", ("tensorflow-grouped-float64-gradient", "tensorflow-conv3d-groups"),
    ),
    Disagreement(
        "tf.nn.depthwise_conv2d without oneDNN takes one stride for rows and columns", "", ("tensorflow-depthwise-unequal-strides",)
    ),
    Disagreement(
        "grouped transposed convolution: PyTorch has it, TensorFlow with oneDNN and not in 3-D, lax.conv_transpose and Keras do not",
        "keras-team/keras/issues/19871",
        (
            "keras-conv-transpose-groups", "tensorflow-conv-transpose-groups", "tensorflow-grouped-float64-transpose",
            "jax-conv-transpose-groups",
        ),
    ),
    Disagreement(
        "padding=k//2 is not 'SAME' where the stride leaves an odd total: the extra pixel goes to the end",
        "keras-team/keras/pull/16363", ("same_padding",),
    ),
    Disagreement(
        "PyTorch's padding='same' has no strides; for even kernels the extra pixel is at the end", "pytorch/pytorch/issues/67551",
        ("torch_same_padding", "same_lower_padding"),
    ),
    Disagreement(
        "Keras's plain and transposed convolution layers refuse a stride together with a dilation on every engine; depthwise ones answer",
        "", ("keras-stride-and-dilation",),
    ),
    Disagreement(
        "PyTorch's nearest is ⌊j/s⌋, that of all others is ⌊(j + ½)/s⌋ (its nearest-exact)", "pytorch/pytorch/pull/64501",
        ("torch_resize", "tf_resize"),
    ),
    Disagreement(
        "PyTorch: a scale that leaves a length as it was is treated as 1, by eager code alone; compiled code resamples",
        "pytorch/pytorch/issues/198201", ("torch-scale-ignored", "torch-scale-ignored-by-gradient"),
    ),
    Disagreement(
        "a scale and the size that follows from it give different coordinates; the length is ⌊n·scale⌋, in OpenCV and SciPy rounded",
        "pytorch/pytorch/issues/62396", ("scaled_length", "a-scale-that-keeps-the-length"),
    ),
    Disagreement(
        "bicubic: a = −3/4 in PyTorch, −1/2 with nothing outside in TensorFlow and JAX; Keras follows the engine",
        "keras-team/keras-core/pull/220", ("keras-torch-bicubic", "torch_resize", "jax_resize"),
    ),
    Disagreement(
        "jax.image.resize smooths unless told not to, the others only if told to", "tensorflow/tensorflow/issues/6720", ("jax_resize",)
    ),
    Disagreement(
        "Keras on PyTorch has no Lanczos resampling, on TensorFlow and JAX it has", "keras-team/keras-core/pull/220",
        ("keras-torch-lanczos",),
    ),
    Disagreement("TensorFlow 1's resize is asymmetric, TensorFlow 2's half-pixel", "tensorflow/tensorflow/issues/6720", ("tf1_resize",)),
    Disagreement(
        "align_corners exists in PyTorch and TensorFlow 1, not in JAX, TensorFlow 2 and Keras", "jax-ml/jax/issues/11206",
        ("jax-resize-outside", "keras-resize-words"),
    ),
    Disagreement(
        "XLA resamples bilinear images wrong where a coordinate is a whole number", "tensorflow/tensorflow/issues/118344",
        ("tensorflow-xla-bilinear",),
    ),
    Disagreement(
        "XLA compiles neither bicubic nor Lanczos nor antialiased resampling", "tensorflow/tensorflow/issues/108660",
        ("tensorflow-xla-resize", "tensorflow-area-compiled"),
    ),
    Disagreement(
        "XLA has no gradient of nearest resampling", "tensorflow/tensorflow/issues/60203",
        ("tensorflow-xla-nearest-gradient", "keras-tensorflow-xla-nearest-gradient"),
    ),
    Disagreement(
        "Keras on PyTorch: 'same' average pooling averages over copies of the edge where the ends differ", "keras-team/keras/pull/23233",
        ("keras-torch-uneven-same-average",),
    ),
    Disagreement(
        "average pooling counts the padding in PyTorch unless told not to, in TensorFlow, Keras and JAX it does not",
        "jax-ml/jax/issues/11874", ("average-pooling-keeps-constants",),
    ),
    Disagreement(
        "pooling of integers: maxima alone, and not all of them", "", ("torch-integers", "keras-torch-integers", "tensorflow-integers"),
    ),
    Disagreement(
        "adaptive pooling: PyTorch's windows vary in length; TensorFlow and JAX have none", "keras-team/keras/issues/21813",
        ("tensorflow-adaptive-pool", "jax-adaptive-pool", "adaptive-is-plain"),
    ),
    Disagreement(
        "max pooling on TensorFlow ends the process where a window is longer than the input", "tensorflow/tensorflow/issues/88481",
        ("tensorflow-empty-max-pool-crashed", "tensorflow-empty-max-pool-differ"),
    ),
    Disagreement(
        "max pooling on TensorFlow sees a NaN or not, as its channel lies in a vector", "tensorflow/tensorflow/issues/125965",
        ("tensorflow-max-pool-nan",),
    ),
    Disagreement(
        "DepthToSpace: PyTorch's order is CRD, TensorFlow's DCR; with one output channel they agree", "tensorflow/tensorflow/issues/53291",
        ("orders-differ-by-a-permutation", "orders-agree"),
    ),
    Disagreement(
        "XLA on CPU reads past its input where the low end is cut and the high end padded, forward and in gradients",
        "openxla/xla/issues/48713", ("xla-cpu-cut-then-padded-differ", "xla-cpu-cut-then-padded-nondeterministic"),
    ),
    Disagreement(
        "tf.function exchanges the dilations of rows and columns when it infers the shape of conv3d: conv3d_transpose has no gradient", "",
        (
            "tensorflow-conv3d-inferred-shape", "tensorflow-compiled-conv3d-transpose-dilation",
            "keras-tensorflow-compiled-conv3d-transpose-dilation",
        ),
    ),
    Disagreement(
        "Keras on TensorFlow: 'same', output_padding=0 and an even kernel ask for a length that TensorFlow does not take", "",
        ("keras-tensorflow-same-even-output-padding-0",),
    ),
    Disagreement(
        "XLA on CPU and TensorFlow's kernels take subnormal numbers for zero, PyTorch does not", "jax-ml/jax/issues/16200",
        ("xla-cpu-subnormals", "tensorflow-subnormals"),
    ),
    Disagreement(
        "Keras on PyTorch: pad mode symmetric repeats the edge", "keras-team/keras/pull/23230", ("keras-torch-symmetric-is-edge",)
    ),
]  # fmt: skip
