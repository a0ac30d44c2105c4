"""The layers of the convolution family in published architectures, a file for each family of architectures.

They are written from the papers, or from their public reference implementations where a paper leaves a size open. Fully connected layers
are left out, and so are two convolutions with more weights than a case may have or should take (they are named beside their tables).
"""

from __future__ import annotations

from functools import cache

from verify.plan.architectures.table import Architecture


@cache
def architectures() -> dict[str, Architecture]:
    """All of them, by the name that is typed. The tables are made when they are first wanted."""
    from verify.plan.architectures import (
        classification,
        detection,
        generation,
        mobile,
        resolution,
        segmentation,
        sound,
        transformers,
        volumes,
    )

    families = (classification, mobile, transformers, segmentation, detection, generation, resolution, sound, volumes)
    return {name: found for family in families for name, found in family.ARCHITECTURES.items()}
