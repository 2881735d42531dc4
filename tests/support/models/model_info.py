"""Metadata as an exported file holds it."""

from __future__ import annotations

from facekp_export.inference.metadata import ModelInfo
from facekp_train.boxes import box_mappings
from facekp_train.crop import CropRule
from facekp_train.landmarks import scheme_of

INFO = ModelInfo(
    name="größer 0.25x",
    scheme=scheme_of(68),
    kind="int8",
    crop=CropRule(size=96, scale=1.25, border=7),
    boxes=box_mappings(),
    checkpoint_sha256="ab" * 32,
    source="best.safetensors",
    input_type="float32",
    weights_licence="for research only",
)
