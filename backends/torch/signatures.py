"""PyTorch's functions and layers, with their parameters."""

from __future__ import annotations

WRITTEN: dict[str, str] = {"F": "torch.nn.functional", "nn": "torch.nn"}
"""What a program writes here for the beginning of a qualified name."""

SIGNATURES = {
    "torch.nn.Conv1d":
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', "
        "device=None, dtype=None",
    "torch.nn.Conv2d":
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', "
        "device=None, dtype=None",
    "torch.nn.Conv3d":
        "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', "
        "device=None, dtype=None",
    "torch.nn.ConvTranspose1d":
        "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, "
        "padding_mode='zeros', device=None, dtype=None",
    "torch.nn.ConvTranspose2d":
        "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, "
        "padding_mode='zeros', device=None, dtype=None",
    "torch.nn.ConvTranspose3d":
        "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, "
        "padding_mode='zeros', device=None, dtype=None",
    "torch.nn.AvgPool1d": "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
    "torch.nn.AvgPool2d": "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
    "torch.nn.AvgPool3d": "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
    "torch.nn.MaxPool1d": "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
    "torch.nn.MaxPool2d": "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
    "torch.nn.MaxPool3d": "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
    "torch.nn.MaxUnpool1d": "kernel_size, stride=None, padding=0",
    "torch.nn.MaxUnpool2d": "kernel_size, stride=None, padding=0",
    "torch.nn.MaxUnpool3d": "kernel_size, stride=None, padding=0",
    "torch.nn.LPPool1d": "norm_type, kernel_size, stride=None, ceil_mode=False",
    "torch.nn.LPPool2d": "norm_type, kernel_size, stride=None, ceil_mode=False",
    "torch.nn.LPPool3d": "norm_type, kernel_size, stride=None, ceil_mode=False",
    "torch.nn.AdaptiveAvgPool1d": "output_size",
    "torch.nn.AdaptiveAvgPool2d": "output_size",
    "torch.nn.AdaptiveAvgPool3d": "output_size",
    "torch.nn.AdaptiveMaxPool1d": "output_size, return_indices=False",
    "torch.nn.AdaptiveMaxPool2d": "output_size, return_indices=False",
    "torch.nn.AdaptiveMaxPool3d": "output_size, return_indices=False",
    "torch.nn.ConstantPad1d": "padding, value",
    "torch.nn.ConstantPad2d": "padding, value",
    "torch.nn.ConstantPad3d": "padding, value",
    "torch.nn.ZeroPad1d": "padding",
    "torch.nn.ZeroPad2d": "padding",
    "torch.nn.ZeroPad3d": "padding",
    "torch.nn.ReflectionPad1d": "padding",
    "torch.nn.ReflectionPad2d": "padding",
    "torch.nn.ReflectionPad3d": "padding",
    "torch.nn.ReplicationPad1d": "padding",
    "torch.nn.ReplicationPad2d": "padding",
    "torch.nn.ReplicationPad3d": "padding",
    "torch.nn.CircularPad1d": "padding",
    "torch.nn.CircularPad2d": "padding",
    "torch.nn.CircularPad3d": "padding",
    "torch.nn.Upsample": "size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None",
    "torch.nn.UpsamplingNearest2d": "size=None, scale_factor=None",
    "torch.nn.UpsamplingBilinear2d": "size=None, scale_factor=None",
    "torch.nn.PixelShuffle": "upscale_factor",
    "torch.nn.PixelUnshuffle": "downscale_factor",
    "torch.nn.Unfold": "kernel_size, dilation=1, padding=0, stride=1",
    "torch.nn.Fold": "output_size, kernel_size, dilation=1, padding=0, stride=1",
    "torch.nn.functional.max_unpool1d": "input, indices, kernel_size, stride=None, padding=0, output_size=None",
    "torch.nn.functional.max_unpool2d": "input, indices, kernel_size, stride=None, padding=0, output_size=None",
    "torch.nn.functional.max_unpool3d": "input, indices, kernel_size, stride=None, padding=0, output_size=None",
    "torch.nn.functional.lp_pool1d": "input, norm_type, kernel_size, stride=None, ceil_mode=False",
    "torch.nn.functional.lp_pool2d": "input, norm_type, kernel_size, stride=None, ceil_mode=False",
    "torch.nn.functional.lp_pool3d": "input, norm_type, kernel_size, stride=None, ceil_mode=False",
    "torch.nn.functional.adaptive_avg_pool2d": "input, output_size",
    "torch.nn.functional.adaptive_avg_pool3d": "input, output_size",
    "torch.nn.functional.interpolate":
        "input, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None, antialias=False",
    "torch.nn.functional.upsample": "input, size=None, scale_factor=None, mode='nearest', align_corners=None",
    "torch.nn.functional.upsample_nearest": "input, size=None, scale_factor=None",
    "torch.nn.functional.upsample_bilinear": "input, size=None, scale_factor=None",
    "torch.nn.functional.pad": "input, pad, mode='constant', value=None",
    "torch.nn.functional.unfold": "input, kernel_size, dilation=1, padding=0, stride=1",
    "torch.nn.functional.fold": "input, output_size, kernel_size, dilation=1, padding=0, stride=1",
    "torch.nn.functional.grid_sample": "input, grid, mode='bilinear', padding_mode='zeros', align_corners=None",
    "torch.nn.functional.affine_grid": "theta, size, align_corners=None",
}  # fmt: skip

_CONV = "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1"
_CONV_TRANSPOSE = "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1"
_MAX_POOL = "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False"
_AVG_POOL = "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True"

DOCUMENTED = {
    **{f"torch.nn.functional.conv{rank}d": _CONV for rank in (1, 2, 3)},
    **{f"torch.nn.functional.conv_transpose{rank}d": _CONV_TRANSPOSE for rank in (1, 2, 3)},
    **{f"torch.nn.functional.max_pool{rank}d": _MAX_POOL for rank in (1, 2, 3)},
    "torch.nn.functional.avg_pool1d": _AVG_POOL,
    "torch.nn.functional.avg_pool2d": f"{_AVG_POOL}, divisor_override=None",
    "torch.nn.functional.avg_pool3d": f"{_AVG_POOL}, divisor_override=None",
    "torch.nn.functional.adaptive_avg_pool1d": "input, output_size",
    **{f"torch.nn.functional.adaptive_max_pool{rank}d": "input, output_size, return_indices=False" for rank in (1, 2, 3)},
    "torch.nn.functional.pixel_shuffle": "input, upscale_factor",
    "torch.nn.functional.pixel_unshuffle": "input, downscale_factor",
    "torch.reshape": "input, shape",
    "torch.permute": "input, dims",
    "torch.flip": "input, dims",
    "torch.clip": "input, min=None, max=None",
    "torch.index_select": "input, dim, index",
    "torch.ones": "size, *, dtype=None",
    "torch.ones_like": "input, *, dtype=None",
    "torch.full": "size, fill_value, *, dtype=None",
    "torch.arange": "end, *, dtype=None",
}
"""What is written in C++ has no signature to inspect: these parameters are its documentation's."""

ALIASES: dict[str, str] = {"nn": "torch.nn", "F": "torch.nn.functional", "nn.functional": "torch.nn.functional"}
"""How people begin a qualified name under customary imports."""
