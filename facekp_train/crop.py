"""The crop rule: a face box becomes the 128 x 128 view that a network sees, and points go back.

One rule for training, evaluation, export, detection and the app. It travels inside every model
file. Imports neither torch nor tensorflow.

A box is (x, y, width, height) in pixels that count from 0, an integer being a pixel's center.
The crop is the square of side `scale * max(width, height)` around the box's center. A point at the
share o in [0, 1] of that square lies at left + o * side in the image and at o * size - 0.5 in the
crop's own pixels, so a mirrored crop has 1 - o.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from facekp_train.landmarks import Doubles, Floats
from facekp_train.samples import Box, Image

# Beyond this, a crop from a gigantic photograph is sampled a little thinner than its pixels.
_FINEST_GRID = 16
# cv2.warpAffine addresses its source with 16-bit integers.
_LARGEST_SOURCE = 32_000


@dataclass(frozen=True)
class CropRule:
    """How a box becomes a crop; what an implementation in another language needs to know.

    Attributes:
        size: side of the crop in pixels.
        scale: side of the square over the longer side of the tight keypoint box.
        sampling: with k = ceil(side / size), at most 16, the image is read bilinearly on a grid k times
            finer than the crop and each k x k block averaged.
        border: what lies outside the image reads as this gray value, 0 to 255.
    """

    size: int = 128
    scale: float = 1.3
    sampling: str = "bilinear on a k-times finer grid, then k x k mean; k = min(16, ceil(side/size))"
    border: int = 0

    def as_dict(self) -> dict[str, object]:
        """Plain data for a model file's metadata."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, object]) -> CropRule:
        """The rule that a model file carries.

        Args:
            data: plain data as `as_dict` gives it.

        Returns:
            The rule.

        Raises:
            ValueError: where it cannot be obeyed: size beyond 8 to 1024, scale beyond 0.1 to 10, border
                beyond 0 to 255, another sampling, or something missing.
        """
        try:
            rule = cls(int(data["size"]), float(data["scale"]), str(data["sampling"]), int(data["border"]))  # type: ignore[call-overload, arg-type]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"the model's crop rule is incomplete or malformed ({error})") from None
        if not 8 <= rule.size <= 1024 or not 0.1 <= rule.scale <= 10 or not 0 <= rule.border <= 255:
            raise ValueError(f"the model's crop rule is out of range: {rule}")
        if rule.sampling != cls.sampling:
            raise ValueError("the model's crop rule asks for a sampling that this version does not know")
        return rule

    def square(self, tight: Box) -> Square:
        """The square to cut around a tight keypoint box.

        Args:
            tight: x, y, width, height in pixels.

        Returns:
            The square of side `scale * max(width, height)` around the box's center.
        """
        x, y, width, height = tight
        return Square(x + width / 2, y + height / 2, self.scale * max(width, height))


@dataclass(frozen=True)
class Square:
    """An upright square of the image.

    Attributes:
        x: of its center, in pixels.
        y: of its center, in pixels.
        side: in pixels.
    """

    x: float
    y: float
    side: float

    def matrix(self) -> Doubles:
        """The map from [0, 1] crop coordinates to image pixels.

        Returns:
            float64 [2, 3].
        """
        half = self.side / 2
        return np.array([[self.side, 0, self.x - half], [0, self.side, self.y - half]])

    def to_image(self, points: Floats) -> Doubles:
        """Points of the crop in the image.

        Args:
            points: [..., 2] in [0, 1] of the crop.

        Returns:
            float64 [..., 2] in pixels of the image.
        """
        return apply_affine(self.matrix(), points)

    def to_crop(self, points: Floats) -> Doubles:
        """Points of the image in the crop.

        Args:
            points: [..., 2] in pixels of the image.

        Returns:
            float64 [..., 2] in [0, 1] of the crop (outside it: beyond that range).
        """
        return apply_affine(invert_affine(self.matrix()), points)


def apply_affine(matrix: Floats, points: Floats) -> Doubles:
    """Map points.

    Args:
        matrix: [2, 3], the linear part and the shift.
        points: [..., 2], x then y.

    Returns:
        float64 [..., 2].
    """
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def invert_affine(matrix: Floats) -> Doubles:
    """The inverse of a map.

    Args:
        matrix: [2, 3].

    Returns:
        [2, 3].

    Raises:
        numpy.linalg.LinAlgError: where there is none.
    """
    linear = np.linalg.inv(matrix[:, :2])
    return np.hstack([linear, -linear @ matrix[:, 2:]])


def tight_box(keypoints: Floats) -> Box:
    """The smallest upright box around keypoints.

    Args:
        keypoints: [N, 2], x then y.

    Returns:
        x, y, width, height in the unit of the keypoints.

    Raises:
        ValueError: for no keypoint, or one that is not finite.
    """
    if keypoints.size == 0 or not np.isfinite(keypoints).all():
        raise ValueError("a tight box needs at least one keypoint, and finite coordinates")
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def sample_crop(image: Image, matrix: Floats, size: int, border: int = 0) -> Image:
    """Read a crop through a map from its [0, 1] to image pixels.

    Args:
        image: uint8 [H, W, 3].
        matrix: [2, 3]; it may turn and shear (augmentation does), the crop rule itself only shifts and
            scales.
        size: side of the crop in pixels.
        border: gray value of what lies outside the image.

    Returns:
        uint8 [size, size, 3] in the channel order of `image`.
    """
    span = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    finer = min(_FINEST_GRID, max(1, math.ceil(span / size)))
    fine = size * finer
    image, matrix = _needed_part(image, np.asarray(matrix, np.float64))
    # Pixel u of the fine grid sits at (u + 0.5) / fine of the crop.
    step = matrix[:, :2] / fine
    grid = np.column_stack([step, matrix[:, 2] + step @ (0.5, 0.5)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    view = cv2.warpAffine(
        image, grid, (fine, fine), flags=flags, borderMode=cv2.BORDER_CONSTANT,
        borderValue=(border, border, border),
    )  # fmt: skip
    if finer > 1:
        view = cv2.resize(view, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(view, np.uint8)


def cut(image: Image, square: Square, rule: CropRule) -> Image:
    """The crop of a square.

    Args:
        image: uint8 [H, W, 3].
        square: what to cut, in pixels; it may reach beyond the image.
        rule: says the crop's size and border, and how it is sampled.

    Returns:
        uint8 [size, size, 3] in the channel order of `image`.

    Raises:
        ValueError: for an image that is not uint8 [H, W, 3], or a square without a finite, positive
            side.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"an image is uint8 [H, W, 3], not {image.dtype} {list(image.shape)}")
    if not all(map(math.isfinite, (square.x, square.y, square.side))) or square.side <= 0:
        raise ValueError(f"a crop needs a finite box with a positive side, not {square}")
    return sample_crop(image, square.matrix(), rule.size, rule.border)


def _needed_part(image: Image, matrix: Doubles) -> tuple[Image, Doubles]:
    """The part of a large image that a crop touches, and the map into it."""
    height, width = image.shape[:2]
    if max(height, width) < _LARGEST_SOURCE:
        return image, matrix
    corners = apply_affine(matrix, np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]))
    low = np.clip(np.floor(corners.min(0)) - 2, 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(corners.max(0)) + 3, low + 1, low + _LARGEST_SOURCE).astype(int)
    shifted = matrix.copy()
    shifted[:, 2] -= low
    return image[low[1] : high[1], low[0] : high[0]], shifted
