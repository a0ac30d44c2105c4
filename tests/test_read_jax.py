"""JAX's calls: what each means, by hand from the documentation, and that the installed JAX means the same."""

from __future__ import annotations

import pytest

from backends.native import Reading, Unreadable
from backends.porting import ported
from backends.reading import read
from spec import Impossible, Operation, Shape, parse
from tests.tiers import slow
from verify.native.check import case_of, checked

Asked = tuple[str, Shape, tuple[Shape, ...]]
"""A text, the shape of its input, and the shapes of its weights, all as JAX has them."""

NWC = 'dimension_numbers=("NWC", "WIO", "NWC")'
NHWC = 'dimension_numbers=("NHWC", "HWIO", "NHWC")'

W3, W5 = (2, 3, 3, 2), (2, 1, 3, 2, 3)

MEANS: dict[Asked, str] = {
    ('lax.conv(x, w, (2, 1), "SAME")', (1, 3, 6, 7), ((4, 3, 3, 2),)): "Conv(stride=(2, 1), padding=((0, 1), (0, 1)))",
    ('jax.lax.conv(x, w, (2,), "VALID")', (2, 3, 9), ((4, 3, 4),)): "Conv(stride=(2,))",
    ("lax.conv_with_general_padding(x, w, (1, 1), ((2, 0), (0, 1)), None, (2, 1))", (1, 3, 6, 7), ((4, 3, 3, 2),)):
        "Conv(stride=(1, 1), padding=((2, 0), (0, 1)), dilation=(2, 1))",
    (f'lax.conv_general_dilated(x, w, (1, 2), "SAME_LOWER", {NHWC})', (1, 6, 7, 4), ((2, 3, 4, 3),)):
        "Conv(stride=(1, 2), padding=((1, 0), (1, 1)))",
    ('lax.conv_general_dilated(x, w, (1,), "same", rhs_dilation=(2,), feature_group_count=2)', (1, 4, 8), ((6, 2, 4),)):
        "Conv(stride=(1,), padding=((3, 3),), dilation=(2,), groups=2)",
    ('lax.conv_general_dilated(x, w, (2, 1), [(1, 1), (0, 0)], dimension_numbers=("NWHC", "HWIO", "CNHW"))', (1, 5, 6, 3), (W3,)):
        "Conv(stride=(2, 1), padding=((1, 1), (0, 0)))",
    (f"lax.conv_general_dilated(x, w, (1, 1), ((1, 2), (0, 1)), lhs_dilation=(2, 3), {NHWC})", (2, 4, 5, 4), ((3, 2, 4, 3),)):
        "ConvTranspose(stride=(2, 3), crop=((1, 0), (1, 0)))",
    ("lax.conv_general_dilated(x, w, (1,), ((1, 2),), (2,), (2,), feature_group_count=2)", (2, 4, 5), ((6, 2, 3),)):
        "ConvTranspose(stride=(2,), crop=((3, 2),), dilation=(2,), groups=2)",
    ("lax.conv_general_dilated(x, w, (2,), ((1, 2),), lhs_dilation=(3,))", (1, 2, 5), ((3, 2, 3),)):
        "ZeroInsert(factor=(3,), trailing=(0,)) >> Conv(stride=(2,), padding=((1, 2),))",
    ('lax.conv_general_dilated(x, w, (1, 1, 1), "SAME", dimension_numbers=("NDHWC", "DHWIO", "NDHWC"))', (1, 3, 4, 3, 2), (W5,)):
        "Conv(stride=(1, 1, 1), padding=((0, 1), (0, 0), (1, 1)))",
    ('lax.conv_transpose(x, w, (2, 2), "SAME")', (1, 4, 5, 3), ((3, 4, 3, 2),)): "ConvTranspose(stride=(2, 2), crop=((0, 1), (1, 1)))",
    ('lax.conv_transpose(x, w, (3,), "VALID")', (1, 4, 3), ((2, 3, 2),)): "ConvTranspose(stride=(3,), crop=((0, -1),))",
    ("lax.conv_transpose(x, w, (2, 3), ((1, 1), (0, 2)), transpose_kernel=True)", (1, 4, 5, 3), ((3, 4, 2, 3),)):
        "ConvTranspose(stride=(2, 3), crop=((1, 1), (3, 1)))",
    ("lax.conv_transpose(x, w, (2,), ((1, 0),), rhs_dilation=(2,), use_consistent_padding=True)", (1, 4, 3), ((3, 3, 2),)):
        "ConvTranspose(stride=(2,), crop=((1, 0),), dilation=(2,))",
    ('lax.conv_transpose(x, w, (2, 2), "SAME", None, ("NCHW", "OIHW", "NCHW"), True)', (1, 4, 3, 4), ((4, 2, 4, 3),)):
        "ConvTranspose(stride=(2, 2), crop=((1, 1), (0, 1)))",
    ('lax.conv(x, w, (1,), "VALID") + b', (1, 3, 9), ((4, 3, 4),)): "Conv(stride=(1,), bias='yes')",
    (f'lax.conv_general_dilated(x, w, (1, 1), "VALID", {NHWC}) + b', (1, 6, 7, 2), ((2, 3, 2, 3), (3,))): "Conv(stride=(1, 1), bias='yes')",
    ("lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), 'SAME')", (1, 6, 7, 3), ()):
        "MaxPool(kernel=(3, 3), stride=(2, 2), padding=((0, 1), (1, 1)))",
    ("lax.reduce_window(x, jnp.array(-jnp.inf, x.dtype), jax.lax.max, (1, 1, 2))", (1, 3, 7), ()): "MaxPool(kernel=(2,), stride=(1,))",
    ("lax.reduce_window(x, 0., lax.add, (1, 1, 2, 3), (1, 1, 1, 2), ((0, 0), (0, 0), (1, 0), (0, 2)))", (1, 2, 5, 6), ()):
        "SumPool(kernel=(2, 3), stride=(1, 2), padding=((1, 0), (0, 2)))",
    ("lax.reduce_window(x, 0, lax.add, (1, 3, 1), None, 'VALID', None, (1, 2, 1))", (1, 7, 3), ()):
        "SumPool(kernel=(3,), stride=(1,), dilation=(2,))",
    ("lax.reduce_window(x, 0., lax.add, (1, 2, 2, 1), (1, 2, 2, 1)) / 4", (1, 5, 6, 3), ()): "AveragePool(kernel=(2, 2))",
    ("lax.reduce_window(x, 0., lax.add, (1, 2, 2, 1), (1, 2, 2, 1), 'SAME') / (2 * 3)", (1, 5, 6, 3), ()):
        "AveragePool(kernel=(2, 2), padding=((0, 1), (0, 0)), divisor=6)",
    ('jax.image.resize(x, (1, 10, 12, 3), method="nearest")', (1, 5, 6, 3), ()): "Upsample(factor=(2, 2))",
    ('jax.image.resize(x, (1, 7, 9, 3), "nearest")', (1, 5, 12, 3), ()): "Resize(size=(7, 9), rounding='round_prefer_ceil')",
    ('jax.image.resize(x, (1, 7, 8, 3), "bilinear")', (1, 5, 12, 3), ()):
        "Resize(size=(7, 8), mode='linear', outside='excluded', antialias='yes')",
    ('jax.image.resize(x, (1, 3, 4, 5), "triangle", antialias=False)', (1, 3, 7, 8), ()): "Resize(size=(4, 5), mode='linear')",
    ("jax.image.resize(x, (1, 3, 7, 8, 2), jax.image.ResizeMethod.CUBIC)", (1, 3, 5, 5, 2), ()):
        "Resize(size=(3, 7, 8), mode='cubic', a='-1/2', outside='excluded')",
    ('jax.image.resize(x, (2, 7, 3), "bicubic-pytorch", False)', (2, 5, 3), ()): "Resize(size=(7,), mode='cubic')",
    ('jax.image.resize(x, (2, 4, 3), "cubic-pytorch")', (2, 7, 3), ()):
        "Resize(size=(4,), mode='cubic', a='-1/2', outside='excluded', antialias='yes')",
    ('jax.image.resize(x, (1, 7, 8, 3), "lanczos5", precision=jax.lax.Precision.HIGHEST)', (1, 5, 12, 3), ()):
        "Lanczos(size=(7, 8), lobes=5, antialias='yes')",
    ('jax.image.resize(x, (1, 8, 3), "area")', (1, 12, 3), ()): "Resize(size=(8,), mode='area')",
    ('jax.image.scale_and_translate(x, (1, 9, 5, 3), (1, 2), jnp.array([2.0, 1.0]), jnp.array([-0.5, 0.0]), "linear")', (1, 5, 5, 3), ()):
        "Resize(size=(9, 5), mode='linear', coordinates='align_corners')",
    ('jax.image.scale_and_translate(x, (1, 8, 3), (1,), jnp.array([8/5]), jnp.zeros(1), method="cubic", antialias=False)', (1, 5, 3), ()):
        "Resize(size=(8,), mode='cubic', a='-1/2', outside='excluded')",
    ('jax.image.scale_and_translate(x, (2, 8, 2), (-2,), jnp.array([3.0]), jnp.zeros(1), "linear")', (2, 4, 2), ()):
        "Resize(size=(8,), scale=((3, 1),), mode='linear')",
    ('jnp.pad(x, ((0, 0), (1, 2), (3, 0), (0, 0)), mode="reflect")', (1, 5, 6, 3), ()): "Pad(padding=((1, 2), (3, 0)), mode='reflect')",
    ("jnp.pad(x, ((0, 0), (0, 0), (1, 2)), constant_values=3)", (1, 3, 5), ()): "Pad(padding=((1, 2),), value=3)",
    ("lax.pad(x, 0.0, ((0, 0, 0), (0, 0, 0), (0, 0, 1), (0, 3, 2)))", (1, 3, 4, 5), ()): "ZeroInsert(factor=(2, 3), trailing=(0, 3))",
    ("lax.pad(x, 0.0, ((0, 0, 0), (1, -2, 1), (0, 0, 0)))", (1, 4, 3), ()):
        "ZeroInsert(factor=(2,), trailing=(0,)) >> Pad(padding=((1, -2),))",
    ("lax.pad(x, jnp.array(2.0, x.dtype), ((0, 0, 0), (1, -2, 0), (0, 0, 0)))", (1, 4, 3), ()): "Pad(padding=((1, -2),), value=2)",
    ("jnp.repeat(jnp.repeat(x, 2, axis=1), 3, axis=2)", (1, 4, 5, 2), ()): "Upsample(factor=(2, 1)) >> Upsample(factor=(1, 3))",
    ("jnp.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)))\nlax.conv(x, w, (1, 1), 'VALID')", (1, 3, 6, 7), ((4, 3, 3, 2),)):
        "Pad(padding=((1, 1), (0, 0))) >> Conv(stride=(1, 1))",
    (f"lax.conv_general_dilated(x, w, (1, 1), 'VALID', {NHWC})[:, 1:-1]", (1, 6, 7, 2), ((2, 3, 2, 3),)):
        "Conv(stride=(1, 1)) >> Pad(padding=((-1, -1), (0, 0)))",
}  # fmt: skip


@pytest.mark.parametrize("asked", MEANS, ids=lambda asked: asked[0][:60])
def test_what_a_call_means(asked: Asked) -> None:
    assert repr(read(*asked).op) == MEANS[asked]


def test_axes_are_those_of_dimension_numbers() -> None:
    text = 'lax.conv_general_dilated(x, w, (2, 1), "VALID", dimension_numbers=("NWHC", "HWIO", "CNHW"))'
    found = read(text, (1, 5, 6, 3), [(2, 3, 3, 4)])
    assert (found.x, found.w, found.y) == ((1, 3, 6, 5), ((4, 3, 2, 3),), (4, 1, 3, 3))


def test_where_two_orders_fit_channels_are_last_or_where_the_call_before_has_them() -> None:
    resize = 'jax.image.resize(x, (1, 4, 8, 4), "linear")'
    assert repr(read(resize, (1, 4, 4, 4)).op) == "Resize(size=(4, 8), mode='linear')"
    after = read(f'lax.conv(x, w, (1, 1), "SAME") >> {resize}', (1, 4, 4, 4), [(4, 4, 3, 3)])
    assert repr(after.op.steps[-1]) == "Resize(size=(8, 4), mode='linear')"


def test_what_is_a_trap_is_noted() -> None:
    def traps(text: str, x: Shape, *w: Shape) -> set[str]:
        return {note.argument for note in read(text, x, w).notes if note.trap}

    assert traps('lax.conv_transpose(x, w, (2,), ((1, 1),))', (1, 4, 3), (3, 3, 2)) == {"dimension_numbers", "transpose_kernel", "padding"}
    assert traps('jax.image.resize(x, (1, 3, 3), "linear")', (1, 5, 3)) == {"antialias"}
    assert traps('jax.image.resize(x, (1, 7, 3), "linear")', (1, 5, 3)) == set()
    assert traps("lax.reduce_window(x, 0., lax.add, (1, 2, 1), padding='SAME')", (1, 5, 3)) == {"window_strides", "padding"}


W = (3, 4, 2, 2)
WRONG: dict[Asked, str] = {
    ('lax.conv(x, w, (1, 1), "SAME")', (1, 4, 4, 2), ()): "needs the shape of its kernel rhs; give it with --weights",
    ('lax.conv(x, w, 1, "SAME")', (1, 4, 4, 2), (W,)): "window_strides is 1, but it needs 2 whole numbers of at least 1",
    ('lax.conv(x, w, (1, 1), "SAME")', (1, 4, 4, 2), ((3, 3, 2, 2),)): "x has 4 channels on axis 1, but the kernel (3, 3, 2, 2) takes 3",
    ('lax.conv(x, w, (1, 1), "SAME")', (1, 4, 4, 2), ((3, 4, 2),)):
        "the kernel has shape (3, 4, 2), but the input (1, 4, 4, 2) needs one with 4",
    ('lax.conv(x, w, (), "SAME")', (1, 4), ((3, 4),)): "is read for an input with 3, 4 or 5 axes",
    ('lax.conv(x, w, (1, 1), "FULL")', (1, 4, 4, 2), (W,)): "padding is 'FULL', but it must be 'VALID', 'SAME', 'SAME_LOWER', or pairs",
    ('lax.conv(x, w, (1, 1), "SAME", groups=2)', (1, 4, 4, 2), (W,)): "it has no argument 'groups'",
    ("lax.conv_general_dilated(x, w, (1, 1), 1)", (1, 4, 4, 2), (W,)): "padding is 1, but it needs 2 pairs (low, high) of whole numbers",
    ('lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=dn)', (1, 4, 4, 2), (W,)):
        "dimension_numbers is dn, but it needs three",
    ('lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHW"))', (1, 4, 4, 2), (W,)):
        "needs three strings of 4 letters, such as ('NHWC', 'HWIO', 'NHWC')",
    ('lax.conv_general_dilated(x, w, (1, 1), "SAME", batch_group_count=2)', (1, 4, 4, 2), (W,)):
        "batch_group_count is 2, but only 1 is read",
    ('lax.conv_general_dilated(x, w, (1, 1), "SAME", lhs_dilation=(2, 2))', (1, 4, 4, 2), (W,)):
        "JAX takes pairs (low, high) where lhs_dilation is above 1; give pairs, or use lax.conv_transpose",
    ('lax.conv_general_dilated(x, w, (1, 1), "SAME", feature_group_count=2)', (1, 4, 4, 2), ((3, 2, 2, 2),)):
        "feature_group_count is 2, but it must divide the 3 outputs",
    ('lax.conv_general_dilated(x, w, (1, 1), "SAME", precision="slow")', (1, 4, 4, 2), (W,)): "precision is 'slow', but it must be",
    ('lax.conv_general_dilated(x, w, (1, 1), "SAME", preferred_element_type=jnp.float32)', (1, 4, 4, 2), (W,)):
        "preferred_element_type=jnp.float32 is not read",
    ('lax.conv_transpose(x, w, (1, 1), "same")', (1, 4, 4, 2), ((3, 3, 2, 2),)):
        "padding is 'same', but it must be 'SAME' or 'VALID', in capitals",
    ("lax.reduce_window(x, -jnp.inf, lax.max, (2, 2, 2, 1))", (2, 4, 4, 2), ()): "changes the axes (0, 1, 2) of an input (2, 4, 4, 2)",
    ("lax.reduce_window(x, 0.0, lax.max, (1, 2, 2, 1))", (2, 4, 4, 2), ()): "init_value is 0.0, but it must be -jnp.inf for lax.max",
    ("lax.reduce_window(x, 1.0, lax.add, (1, 2, 2, 1))", (2, 4, 4, 2), ()): "init_value is 1.0, but it must be 0.0 for lax.add",
    ("lax.reduce_window(x, 1.0, lax.mul, (1, 2, 2, 1))", (2, 4, 4, 2), ()): "computation is lax.mul, but only lax.max and lax.add are read",
    ("lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), base_dilation=(1, 2, 2, 1))", (2, 4, 4, 2), ()):
        "only ones are read; use lax.pad before",
    ('jax.image.resize(x, (8, 8), "linear")', (2, 4, 4, 2), ()): "it needs all 4 lengths of the result, batch and channels included",
    ('jax.image.resize(x, (2, 8, 8, 2), "bicubic2")', (2, 4, 4, 2), ()): "method is 'bicubic2', but it must be one of 'nearest', 'linear'",
    ('jax.image.resize(x, (2, 8, 8, 4), "linear")', (2, 4, 4, 2), ()): "changes the axes (1, 2, 3)",
    ('jax.image.scale_and_translate(x, (2, 8, 2), (1,), (2.0,), jnp.zeros(1), "linear")', (2, 4, 2), ()):
        "it needs an array of numbers, such as",
    ('jax.image.scale_and_translate(x, (2, 8, 2), (1,), jnp.array([1.0]), jnp.zeros(1), "linear")', (2, 4, 2), ()):
        "output pixels lie outside of x along spatial axis 0, where JAX gives 0",
    ('jax.image.scale_and_translate(x, (2, 8, 2), (1,), jnp.array([2.0]), jnp.array([0.3]), "linear")', (2, 4, 2), ()):
        "scale (2) with translation (3/10) is not read",
    ("jnp.pad(x, 1)", (2, 4, 4, 2), ()): "pad_width is 1, which pads batch and channels too",
    ("jnp.pad(x, ((0, 0), (-1, 1), (0, 0)))", (2, 4, 2), ()): "JAX takes no negative numbers; use a slice",
    ('jnp.pad(x, ((0, 0), (1, 1), (0, 0)), mode="mean")', (2, 4, 2), ()): "mode is 'mean', but it must be one of 'constant', 'edge'",
    ("jnp.pad(x, ((0, 0), (1, 1), (0, 0)), constant_values=0.5)", (2, 4, 2), ()): "only one whole number is read",
    ("lax.pad(x, 0.0, ((0, 0, 0), (1, 1), (0, 0, 0)))", (2, 4, 2), ()): "it needs 3 times (low, high, interior)",
    ("lax.pad(x, 1.0, ((0, 0, 0), (1, 1, 1), (0, 0, 0)))", (2, 4, 2), ()): "between pixels only zeros are read",
    ("jnp.repeat(x, 2)", (2, 4, 2), ()): "axis is None, but it needs the number of one of the 3 axes",
    ("jnp.repeat(x, jnp.array([1, 2]), axis=1)", (2, 4, 2), ()): "repeats is",
    ('lax.conv(x, w, (1, 1), "SAME") + b', (1, 4, 4, 2), (W, (3,))):
        "its shape is (3,), but the result (1, 3, 4, 2) has its channels on axis 1",
    ("jnp.repeat(x, 2, axis=1) + b", (1, 4, 2), ()): "+ b is read only behind a convolution without a bias",
    ("jnp.repeat(x, 2, axis=1) / 4", (1, 4, 2), ()): "/ 4 is read only behind a sum over windows",
    ("lax.reduce_window(x, 0., lax.add, (1, 2, 1)) / 1.5", (1, 4, 2), ()): "/ 1.5 is not read; divide by a whole number",
    (f'lax.conv(x, w, (1,), "SAME") >> lax.conv_general_dilated(x, w, (1,), "SAME", {NWC})', (1, 4, 4), ((4, 4, 3), (3, 4, 4))):
        "has the channels on the last axis, but the call before it leaves them on axis 1; keep one order of axes",
    ("nn.Conv2d(3, 4, 3) >> jnp.repeat(x, 2, axis=2)", (1, 3, 6, 6), ()): "a chain has calls of one framework",
}  # fmt: skip


@pytest.mark.parametrize("asked", WRONG, ids=lambda asked: asked[0][:60])
def test_a_wrong_call_gets_one_sentence(asked: Asked) -> None:
    with pytest.raises((Unreadable, Impossible)) as raised:
        read(*asked)
    assert WRONG[asked] in str(raised.value)
    assert "\n" not in str(raised.value)


WRITTEN: dict[str, tuple[Shape, ...]] = {
    "Conv(stride=(2, 1), padding=((1, 0), (2, 2)), dilation=(1, 2), groups=2, bias='yes')": ((1, 4, 7, 6), (6, 2, 3, 2), (1, 6, 1, 1)),
    "Conv(stride=(2,), padding=((1, 2),))": ((1, 2, 7), (3, 2, 4)),
    "ConvTranspose(stride=(2, 3), crop=((0, 1), (-1, 2)), bias='yes')": ((1, 4, 4, 3), (4, 3, 3, 4), (1, 3, 1, 1)),
    "ConvTranspose(stride=(2,), crop=((1, 0),), dilation=(2,), groups=2)": ((1, 4, 5), (4, 3, 3)),
    "MaxPool(kernel=(3, 2), stride=(2, 2), padding=((1, 0), (0, 1)))": ((1, 2, 6, 7),),
    "SumPool(kernel=(3,), stride=(2,), dilation=(2,))": ((1, 2, 9),),
    "AveragePool(kernel=(2, 2), padding=((1, 0), (0, 0)))": ((1, 2, 5, 6),),
    "Upsample(factor=(2, 3))": ((1, 2, 4, 5),),
    "Resize(size=(4, 9), mode='linear', outside='excluded', antialias='yes')": ((1, 2, 7, 5),),
    "Resize(size=(7,), mode='cubic')": ((1, 2, 5),),
    "Resize(size=(9, 5), mode='linear', coordinates='align_corners')": ((1, 2, 5, 3),),
    "Lanczos(size=(4, 4), antialias='yes')": ((1, 2, 7, 5),),
    "Pad(padding=((1, 2), (0, 3)), mode='symmetric')": ((1, 2, 5, 6),),
    "Pad(padding=((1, 2),), mode='edge') >> Conv(stride=(1,))": ((1, 2, 5), (3, 2, 2)),
    "ZeroInsert(factor=(2, 3), trailing=(1, 2))": ((1, 2, 4, 5),),
}  # fmt: skip
"""Operations, and the shapes of x and of the weights in spec's layout."""


def written(framework: str, text: str) -> tuple[Operation, Reading]:
    """An operation, and what the code that is written for it is read as."""
    op: Operation = parse(text)
    x, *w = WRITTEN[text]
    native, _ = ported(framework, op, x, w)
    shapes = [weight.shape for weight in native.weights if "layer" not in native.shown()]
    return op, read(native.shown(), native.x, shapes)


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_is_read_back(text: str) -> None:
    op, again = written("jax", text)
    assert repr(again.op) == repr(op)
    assert (again.x, *again.w) == WRITTEN[text]


def _some(texts: list[Asked]) -> dict[str, str]:
    """What the installed JAX and the code written for the meaning say otherwise."""
    readings = {asked[0]: read(*asked) for asked in texts}
    programs = {text: (found.native, case_of(found.op, found.x, found.w)) for text, found in readings.items()}
    return {name: f"{one.status}: {one.sentence}" for name, one in checked(programs).items() if one.status not in ("verified", "known")}


def test_the_installed_jax_means_the_same_by_a_few_calls() -> None:
    words = ("lhs_dilation=(2, 3)", "conv_transpose(x, w, (2, 3)")
    assert _some([next(asked for asked in MEANS if word in asked[0]) for word in words]) == {}


@slow
def test_the_installed_jax_means_the_same() -> None:
    """Forward and gradients of every call above, in one worker process."""
    assert _some(list(MEANS)) == {}


@slow
def test_what_is_written_computes_the_same() -> None:
    """For every operation above, as JAX and as flax write it."""
    programs = {}
    for framework in ("jax", "flax"):
        for text, (x, *w) in WRITTEN.items():
            op: Operation = parse(text)
            programs[f"{framework}: {text}"] = (ported(framework, op, x, w)[0], case_of(op, x, w))
    wrong = {name: f"{one.status}: {one.sentence}" for name, one in checked(programs).items() if one.status not in ("verified", "known")}
    assert wrong == {}


def test_a_reading_that_is_wrong_is_seen() -> None:
    """A mutant of the reader: a kernel that is flipped where JAX does not flip it."""
    right = read("lax.conv_transpose(x, w, (2,), 'SAME')", (1, 5, 3), [(3, 3, 3)])
    wrong = read("lax.conv_transpose(x, w, (2,), 'SAME', transpose_kernel=True)", (1, 5, 3), [(3, 3, 3)])
    verdict = checked({"it": (right.native, case_of(wrong.op, wrong.x, wrong.w))})["it"]
    assert verdict.status == "verified"  # the same operation, of a kernel that is laid out otherwise
    mixed = type(right.native)(**{**vars(right.native), "weights": wrong.native.weights})
    assert checked({"it": (mixed, case_of(wrong.op, wrong.x, wrong.w))})["it"].status == "differ"
