"""Random views of a training face: geometry as one affine map, then what cameras and hands do.

Every draw comes from a generator seeded by (seed, epoch, face), so a resumed run sees the same
pictures as an unbroken one, whatever the number of loader threads.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from facekp_train.common.settings import Settings
from facekp_train.samples import Image

_MAX_ROTATION = 60.0


def random_view(
    random: np.random.Generator, augmentation: Augmentation, crop_scale: float
) -> NDArray[np.float64]:
    """A random map from the augmented crop's [0, 1] to the plain crop's [0, 1].

    Args:
        random: decides it.
        augmentation: how much; shift is in tight-box sides.
        crop_scale: how many of these the crop shows.

    Returns:
        float64 [2, 3].
    """
    angle = np.radians(np.clip(random.normal(0, augmentation.rotation), -_MAX_ROTATION, _MAX_ROTATION))
    grow = np.exp(np.clip(random.normal(0, augmentation.scale), -0.5, 0.5))
    stretch = np.exp(random.normal(0, augmentation.stretch) / 2)
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = grow * np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([stretch, 1 / stretch])
    shift = np.clip(random.normal(0, augmentation.shift, 2), -0.35, 0.35) / crop_scale
    center = np.array([0.5, 0.5])
    return np.column_stack([linear, center + shift - linear @ center])


def photometric(view: Image, random: np.random.Generator, augmentation: Augmentation) -> Image:
    """Color, blur and occlusion on a crop.

    Args:
        view: uint8 [S, S, 3]; it is not changed.
        random: decides them.
        augmentation: how much.

    Returns:
        uint8 [S, S, 3].
    """
    if augmentation.color:
        view = _color(view, random, augmentation.color)
    if random.random() < augmentation.blur:
        view = _degrade(view, random)
    if random.random() < augmentation.occlusion:
        view = _occlude(view, random)
    return view


def _color(view: Image, random: np.random.Generator, strength: float) -> Image:
    """Brightness, contrast, gamma and white balance by one table a channel; at times gray."""
    levels = np.arange(256) / 255
    gamma = np.exp(random.normal(0, 0.3 * strength))
    contrast = np.exp(random.normal(0, 0.25 * strength))
    bright = random.normal(0, 0.12 * strength)
    balance = np.exp(random.normal(0, 0.08 * strength, 3))
    curve = (levels**gamma - 0.5) * contrast + 0.5 + bright
    table = np.clip(np.outer(curve, balance) * 255, 0, 255).astype(np.uint8)
    view = np.asarray(cv2.LUT(view, table[:, None, :]), np.uint8)
    if random.random() < 0.15 * strength:
        view = np.asarray(cv2.cvtColor(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    return view


def _degrade(view: Image, random: np.random.Generator) -> Image:
    """One of: Gaussian blur, motion blur, low resolution, sensor noise, JPEG."""
    size = view.shape[0]
    kind = random.integers(5)
    if kind == 0:
        degraded = cv2.GaussianBlur(view, (0, 0), random.uniform(0.5, 2.5))
    elif kind == 1:
        length = int(random.integers(3, 12))
        kernel = np.zeros((length, length), np.float32)
        end = random.integers(0, length, 2).tolist()
        cv2.line(kernel, (end[0], end[1]), (length - 1 - end[0], length - 1 - end[1]), (1.0,))
        degraded = cv2.filter2D(view, -1, kernel / kernel.sum())
    elif kind == 2:
        small = int(random.integers(size // 5, size // 2))
        degraded = cv2.resize(cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    elif kind == 3:
        noise = random.normal(0, random.uniform(3, 18), view.shape).astype(np.float32)
        degraded = np.clip(view + noise, 0, 255).astype(np.uint8)
    else:
        quality = int(random.integers(15, 60))
        degraded = cv2.imdecode(
            cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR
        )
    return np.asarray(degraded, np.uint8)


def _occlude(view: Image, random: np.random.Generator) -> Image:
    """A patch covered by one color, by noise, or by another part of the same picture."""
    size = view.shape[0]
    height, width = random.integers(size // 10, size * 2 // 5, 2).tolist()
    y, x = random.integers(0, size - height), random.integers(0, size - width)
    covered = view.copy()
    patch = covered[y : y + height, x : x + width]
    kind = random.integers(3)
    if kind == 0:
        patch[:] = random.integers(0, 256, 3)
    elif kind == 1:
        patch[:] = random.integers(0, 256, patch.shape)
    else:
        other_y, other_x = random.integers(0, size - height), random.integers(0, size - width)
        patch[:] = view[other_y : other_y + height, other_x : other_x + width]
    return covered


class Augmentation(Settings):
    """Random changes of a training crop; probabilities in [0, 1], spreads as standard deviations."""

    flip: float = Field(default=0.5, ge=0, le=1, description="probability of the mirror image")
    rotation: float = Field(default=0.0, ge=0, description="degrees")
    shift: float = Field(default=0.05, ge=0, description="share of the tight box's side")
    scale: float = Field(default=0.05, ge=0, description="of the logarithm of the crop's side")
    stretch: float = Field(default=0.0, ge=0, description="of the logarithm of width over height")
    color: float = Field(default=0.0, ge=0, le=1, description="strength of brightness, contrast, hue, gray")
    blur: float = Field(default=0.0, ge=0, le=1, description="probability of blur, low resolution or noise")
    occlusion: float = Field(default=0.0, ge=0, le=1, description="probability of a covered patch")
