"""The layers of the convolution family in published architectures, a file for each family of architectures.

They are written from the papers, or from their public reference implementations where a paper leaves a size open. Fully connected layers
are left out, and so are two convolutions with more weights than a case may have or should take (they are named beside their tables).
"""

from __future__ import annotations

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
from verify.plan.architectures.table import Architecture

FAMILIES = (classification, mobile, transformers, segmentation, detection, generation, resolution, sound, volumes)
ARCHITECTURES: dict[str, Architecture] = {name: found for family in FAMILIES for name, found in family.ARCHITECTURES.items()}
"""By the name that is typed."""
