"""What the frameworks' words mean: functions of one axis's sizes to explicit (lo, hi), and back.

n input length, k kernel, s stride, d dilation, span = d(k−1) + 1; all in pixels. Padding belongs to Conv, crop to ConvTranspose.
A function that goes back returns None where the framework's words cannot say it.
"""

from __future__ import annotations

from collections.abc import Callable

from spec.operation import Impossible, Pairs, Shape

Pair = tuple[int, int]


def span(k: int, d: int = 1) -> int:
    """How many pixels a window of k taps covers at dilation d."""
    return d * (k - 1) + 1


# Convolution


def same_padding(n: int, k: int, s: int = 1, d: int = 1) -> Pair:
    """TensorFlow, Keras and JAX 'SAME', ONNX SAME_UPPER: ⌈n/s⌉ outputs, an odd pad at the end.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    total = max((-(-n // s) - 1) * s + span(k, d) - n, 0)
    return total // 2, total - total // 2


def same_lower_padding(n: int, k: int, s: int = 1, d: int = 1) -> Pair:
    """ONNX SAME_LOWER, JAX 'SAME_LOWER': like 'SAME', an odd pad at the start.

    Source: https://onnx.ai/onnx/operators/onnx__Conv.html
    """
    lo, hi = same_padding(n, k, s, d)
    return hi, lo


def valid_padding(n: int, k: int, s: int = 1, d: int = 1) -> Pair:
    """'VALID' everywhere: none."""
    return 0, 0


def torch_same_padding(k: int, d: int = 1) -> Pair:
    """PyTorch padding='same' (stride 1 only): d(k−1) in all, an odd one at the end.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html, torch/nn/modules/conv.py `_reversed_padding_repeated_twice`
    """
    total = d * (k - 1)
    return total // 2, total - total // 2


# Transposed convolution


def same_crop(total: int) -> Pair:
    """The crop of a transposed 'same' that takes `total` pixels away: an odd one at the end; if negative, zeros at the end.

    It is the gradient of 'SAME' convolution with respect to its input, whose padding this is.
    """
    lo = max(total, 0) // 2
    return lo, total - lo


def tf_same_crop(n: int, length: int, k: int, s: int = 1, d: int = 1) -> Pair:
    """`tf.nn.conv_transpose(…, output_shape, padding='SAME')` with an output of this length.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn/conv2d_transpose
    """
    if -(-length // s) != n:
        raise Impossible(f"output length {length} is no input of a 'SAME' convolution with stride {s} that gives {n}: ⌈{length}/{s}⌉ ≠ {n}")
    return same_crop((n - 1) * s + span(k, d) - length)


def tf_valid_crop(n: int, length: int, k: int, s: int = 1, d: int = 1) -> Pair:
    """`tf.nn.conv_transpose(…, output_shape, padding='VALID')` with an output of this length: zeros appended at the end.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn/conv2d_transpose
    """
    more = length - (n - 1) * s - span(k, d)
    if not 0 <= more < s:
        raise Impossible(f"output length {length} is no input of a 'VALID' convolution (stride {s}, span {span(k, d)}) that gives {n}")
    return 0, -more


def keras_same_crop(k: int, s: int = 1, d: int = 1, output_padding: int | None = None) -> Pair:
    """Keras `ConvNDTranspose(padding='same')`: the length is n·s, or (n−1)s + span % 2 + output_padding if that is given.

    Source: keras/src/backend/common/backend_utils.py, `_get_output_shape_given_tf_padding`
    """
    reach = span(k, d)
    return same_crop(reach - s if output_padding is None else reach - reach % 2 - output_padding)


def keras_valid_crop(k: int, s: int = 1, d: int = 1, output_padding: int | None = None) -> Pair:
    """Keras `ConvNDTranspose(padding='valid')`: the length is (n−1)s + max(span, s), or (n−1)s + span + output_padding.

    Source: keras/src/backend/common/backend_utils.py, `_get_output_shape_given_tf_padding`
    """
    return 0, min(span(k, d) - s, 0) if output_padding is None else -output_padding


def keras_transpose_words(crop: Pairs, k: Shape, s: Shape, d: Shape) -> tuple[str, Shape | None] | None:
    """Keras's (padding, output_padding) for the crops of all axes, or None. It wants 0 ≤ output_padding < stride."""
    for padding, rule in (("valid", keras_valid_crop), ("same", keras_same_crop)):
        axes = list(zip(crop, k, s, d, strict=True))
        if all(rule(n, m, e) == pair for pair, n, m, e in axes):
            return padding, None
        fitting = [[o for o in range(m) if rule(n, m, e, o) == pair] for pair, n, m, e in axes]
        if all(fitting):
            return padding, tuple(o[0] for o in fitting)
    return None


def torch_transpose_crop(padding: int, output_padding: int = 0) -> Pair:
    """PyTorch `ConvTransposeNd(padding, output_padding)`.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
    """
    return padding, padding - output_padding


def torch_transpose_words(crop: Pair, s: int, d: int) -> Pair | None:
    """PyTorch's (padding, output_padding) for a crop. It wants 0 ≤ output_padding < max(stride, dilation)."""
    lo, hi = crop
    return (lo, lo - hi) if lo >= 0 and 0 <= lo - hi < max(s, d) else None


def lax_transpose_crop(padding: str | Pair, k: int, s: int = 1, d: int = 1, *, use_consistent_padding: bool = False) -> Pair:
    """`jax.lax.conv_transpose(padding=…)`: its strings mean the forward convolution's padding; its pairs are the padding of the
    zero-inserted input, or, with use_consistent_padding=True, of the forward convolution too.

    Source: https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_transpose.html
    """
    reach = span(k, d)
    if padding == "SAME":
        return same_crop(reach - s)
    if padding == "VALID":
        return 0, min(reach - s, 0)
    if isinstance(padding, str):
        raise Impossible(f"padding is {padding!r}, but lax.conv_transpose takes 'SAME', 'VALID' or pairs")
    lo, hi = padding
    return (lo, hi) if use_consistent_padding else (reach - 1 - lo, reach - 1 - hi)


# Pooling. 'SAME' and 'VALID' are those of convolution; what they pad is never counted


def ceil_overhang(n: int, k: int, s: int, d: int, lo: int, hi: int) -> int:
    """ceil_mode of PyTorch and ONNX: how far the last window ends beyond the padding, negative where it ends before. It must begin inside
    x or in the padding before x.

    Source: pytorch aten/src/ATen/native/Pool.h, `pooling_output_shape_pad_lr`; https://onnx.ai/onnx/operators/onnx__MaxPool.html
    """
    room = n + lo + hi - span(k, d)
    windows = -(-room // s) + 1
    if (windows - 1) * s >= n + lo:
        windows -= 1
    return (windows - 1) * s - room


# All axes at once

Rule = Callable[..., Pair]


def on_every_axis(rule: Rule, *sizes: Shape) -> tuple[Pair, ...]:
    """rule(n, k, …) for each axis."""
    return tuple(rule(*axis) for axis in zip(*sizes, strict=True))
