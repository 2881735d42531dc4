"""report.md and its picture: what an export holds and how far each file lies from PyTorch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facekp_export.verification.manifest import FileEntry, Manifest
from facekp_train.common.console import escaped
from facekp_train.common.files import write_text
from facekp_train.common.markdown import markdown_table
from facekp_train.draw import contact_sheet, draw_keypoints, write_picture
from facekp_train.landmarks import Floats, Scheme
from facekp_train.samples import Crops

REPORT, PICTURE = "report.md", "report.png"
_TILE = 320
_INT8_COLOR = (255, 96, 32)


def write_report(folder: Path, manifest: Manifest) -> None:
    """Write report.md beside the files of a manifest."""
    lines = [
        f"# {escaped(manifest.name)}: exported files",
        "",
        f"{manifest.points} keypoints ({manifest.scheme}), crops of {manifest.crop['size']} x "
        f"{manifest.crop['size']} pixels, from `{manifest.checkpoint}`",
        f"(SHA-256 {manifest.checkpoint_sha256[:16]}...), {manifest.created}.",
        *_warning(manifest),
        "",
        _table(manifest),
        "",
        *_explanations(manifest),
    ]
    if (folder / PICTURE).exists():
        lines += [
            "",
            f"![float32 against int8]({PICTURE})",
            "",
            "Green: float32. Orange, on top: int8. Where no green shows, they agree.",
        ]
    lines += ["", "Made with " + ", ".join(f"{k} {v}" for k, v in manifest.versions.items()) + ".", ""]
    write_text(folder / REPORT, "\n".join(lines))


def _warning(manifest: Manifest) -> list[str]:
    if not manifest.untrained:
        return []
    followed = min(entry.deviation.followed or 0.0 for entry in manifest.files)
    return [
        "",
        "**Untrained: the weights are random, for timing alone.** The points mean nothing, and distances in",
        f"pixels have no scale; every file follows {followed:.0%} or more of the variance of PyTorch's",
        "answers over the crops.",
    ]


def _table(manifest: Manifest) -> str:
    header = ["file", "MB", "input", "largest difference", "mean px", "max px", "oldest engine"]
    labelled = manifest.torch_nme is not None
    if labelled:
        header += ["NME %", "change %"]
    rows = [_row(entry, labelled) for entry in manifest.files]
    return markdown_table(header, rows, words=("file", "input", "oldest engine"))


def _row(entry: FileEntry, labelled: bool) -> list[str]:
    deviation = entry.deviation
    cells = [
        f"`{entry.file}`",
        f"{entry.bytes / 1e6:.2f}",
        f"{entry.input.dtype} {entry.input.shape}",
        f"{deviation.max_abs:.1e}",
        f"{deviation.mean_px:.3f}",
        f"{deviation.max_px:.2f}",
        entry.oldest_engine,
    ]
    if labelled:
        cells += [f"{deviation.nme:.3f}", f"{deviation.nme_change:+.2f}"]
    return cells


def _explanations(manifest: Manifest) -> list[str]:
    crops = manifest.files[0].deviation.crops
    lines = [
        f"Differences are from PyTorch on the same {crops} crops: the largest of a coordinate in [0, 1] of",
        "the crop, the mean and largest distance of a keypoint in pixels of the crop. Every file takes the",
        "raw crop, RGB 0..255, and gives x and y interleaved in [0, 1] of it; normalization is inside.",
        f"Ranges of quantized files come from {manifest.calibration}.",
    ]
    if any(entry.kind == "dynamic" for entry in manifest.files):
        lines.append(
            "Dynamic range (`model_dynamic.tflite`) is for size. Whether it saves time, too, depends on the "
            "processor: time it beside float32 before it ships for speed."
        )
    if manifest.torch_nme is not None:
        lines.append(
            f"NME over {manifest.files[0].deviation.normaliser} on {manifest.labelled}; "
            f"PyTorch: {manifest.torch_nme:.3f} %."
        )
    if manifest.weights_licence is not None:
        lines += ["", f"What the weights may be used for: {manifest.weights_licence}"]
    return lines


def draw_comparison(target: Path, crops: Crops, expected: Floats, quantized: Floats, scheme: Scheme) -> None:
    """Draw two models' keypoints [B, N, 2] in [0, 1] on their crops, enlarged, side by side."""
    tiles = []
    for crop, one, other in zip(crops, expected, quantized, strict=True):
        large = cv2.resize(crop, (_TILE, _TILE), interpolation=cv2.INTER_CUBIC)
        drawn = draw_keypoints(np.asarray(large, np.uint8), one * _TILE - 0.5, scheme=scheme)
        for x, y in other * _TILE - 0.5:
            center = round(float(x) * 16), round(float(y) * 16)
            cv2.circle(drawn, center, 24, _INT8_COLOR, cv2.FILLED, cv2.LINE_AA, 4)
        tiles.append(drawn)
    write_picture(target, contact_sheet(tiles, columns=4, tile=_TILE))
