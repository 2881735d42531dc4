"""Keypoints on photographs: a face finder, the crop rule and an exported model put together.

detector = KeypointDetector.from_export("models/mdp-0.25x/model_int8.tflite")
faces = detector.detect(image)      # of uint8 [H, W, 3] RGB; imports neither torch nor tensorflow
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_export.finders.base import FaceFinder, as_box, overlapping, suppressed
from facekp_export.finders.registry import DEFAULT_FINDER, open_finder
from facekp_export.inference.confidence import confidence_of, scatter_of, texture_of
from facekp_export.inference.runtimes import KeypointModel, open_model
from facekp_export.inference.stranger import refuse_harmful_model
from facekp_train.boxes import BoxMapping, box_mappings, refined_box, refines
from facekp_train.common.shipped import EXPORT, shipped_file
from facekp_train.crop import cut, tight_box
from facekp_train.landmarks import Scheme, flip_keypoints
from facekp_train.samples import Box, Crops, Image


@dataclass(frozen=True, eq=False)
class Face:
    """One face's keypoints.

    Attributes:
        keypoints: float32 [N, 2], pixels of the image, x then y; an integer is a pixel's center.
        box: x, y, width, height in pixels, as given or as found.
        score: the finder's, 0 to 1; 1 for a given box.
        confidence: 0 to 1, the chance that the keypoints err by less than 5 % of the eye distance on
            average, by how far the looks at the face lie apart; None where there was but one look.
    """

    keypoints: NDArray[np.float32]
    box: Box
    score: float
    confidence: float | None = None


class KeypointDetector:
    """Finds faces and their keypoints, in the thread that opens it; pickled, it is opened anew by its path.

    Args:
        model: an exported model, as `open_model` gives it.
        finder: an object or one of `finders.FINDERS` by name; None is BlazeFace. A
            function from an image to boxes becomes a finder as `CallableFinder(function, box_source)`.
        threads: of the finder, where it is opened here.

    Raises:
        ValueError: for an unknown name or something that is no finder, and for an untrained model.
        UserError: where the files of a finder given by name are missing.
    """

    def __init__(
        self, model: KeypointModel, finder: FaceFinder | str | None = None, threads: int = 1
    ) -> None:
        self.model, self.info = model, model.info
        if self.info.untrained:
            raise ValueError(f"{self.info.name} has random weights, for timing alone; use a trained model")
        if isinstance(finder, str):
            finder = open_finder(finder, threads)
        if finder is not None and not (hasattr(finder, "find") and hasattr(finder, "box_source")):
            raise ValueError(
                "a face finder has find() and box_source; wrap a function of yours as "
                "facekp_export.finders.CallableFinder(function, box_source='tight')"
            )
        self._finder, self._threads = finder, threads

    @classmethod
    def from_export(
        cls,
        path: Path | str,
        threads: int = 1,
        finder: FaceFinder | str | None = None,
        *,
        trusted: bool = True,
    ) -> KeypointDetector:
        """Open one .tflite or .onnx file of an export: scheme, crop rule and mappings are inside.

        Args:
            path: the model file, or a shipped model's name, such as mdp-1x, for its int8 file.
            threads: of the model and of the finder.
            finder: as of the class.
            trusted: False opens a stranger's file in a child process first: a second, once a file.

        Returns:
            A detector of that file's keypoints.

        Raises:
            OSError: for a missing file.
            ValueError: for a file that is damaged or not ours.
        """
        file = shipped_file(Path(path), EXPORT)
        if not trusted:
            refuse_harmful_model(file)
        return cls(open_model(file, threads), finder, threads)

    @property
    def scheme(self) -> Scheme:
        """The landmark scheme of the keypoints."""
        return self.info.scheme

    @property
    def finder(self) -> FaceFinder:
        """The face finder, opened when it is first needed."""
        if self._finder is None:
            self._finder = open_finder(DEFAULT_FINDER, self._threads)
        return self._finder

    def detect(
        self,
        image: Image,
        boxes: Iterable[Sequence[float]] | NDArray[np.floating] | None = None,
        box_source: str = "tight",
        refine: bool = True,
        *,
        flip_average: bool = False,
    ) -> list[Face]:
        """Find the faces of an image and their keypoints, or the keypoints of given faces.

        Args:
            image: uint8 [H, W, 3] RGB.
            boxes: x, y, width, height in pixels, one a face, even outside the image; None to find the
                faces.
            box_source: whose boxes they are. `mapping` knows which: `tight` around all keypoints,
                `mtfl`, `blazeface`, `haar`, ...
            refine: crop once more around the first answer (`facekp_train.boxes.refined_box`); without it
                or `flip_average`, faces have no confidence.
            flip_average: average with the answer for the mirrored crop: twice the time, a little more
                accurate, and the confidence ranks better.

        Returns:
            With boxes, exactly one face for each, in their order. Without, the faces found, by falling
            score, overlaps suppressed; [] where there is none.

        Raises:
            ValueError: for another kind of image, a box that is not finite and of a positive size, or an
                unknown box source.
        """
        image = checked(image)
        if boxes is not None:
            given = [as_box(box) for box in boxes]
            seen = self._seen(image, given, self.mapping(box_source), refine, flip_average)
            return [Face(points, box, 1.0, sure) for (points, sure), box in zip(seen, given, strict=True)]
        faces = suppressed(self.finder.find(image))
        mapping = self.mapping(self.finder.box_source)
        seen = self._seen(image, [face.box for face in faces], mapping, refine, flip_average)
        pairs = zip(seen, faces, strict=True)
        return _distinct([Face(points, face.box, face.score, sure) for (points, sure), face in pairs])

    def predict(self, crops: Crops) -> NDArray[np.float32]:
        """Run the model on crops.

        Args:
            crops: uint8 [B, S, S, 3] RGB, S the side of the model's crop rule.

        Returns:
            Keypoints, float32 [B, N, 2] in [0, 1] of the crop, x then y.

        Raises:
            ValueError: for crops of another shape or type, or where the model answers with NaN.
        """
        points = self.model.predict(crops)
        if not np.isfinite(points).all():
            raise ValueError(f"the model {self.info.name} answers with coordinates that are not finite")
        return points

    def look(
        self, image: Image, tights: Sequence[Box], *, mirrored: bool = False
    ) -> list[NDArray[np.float32]]:
        """Pass an image through the model once, with one crop around each tight box.

        Args:
            image: uint8 [H, W, 3] RGB.
            tights: tight boxes, x, y, width, height in pixels.
            mirrored: show the model the mirror image of each crop; the answer is turned back.

        Returns:
            Keypoints, float32 [N, 2] in pixels of the image, one array for each box.

        Raises:
            ValueError: as `predict` does, and as `facekp_train.crop.cut` does.
        """
        if not tights:
            return []
        squares = [self.info.crop.square(tight) for tight in tights]
        crops = np.stack([cut(image, square, self.info.crop) for square in squares])
        shares = self.predict(np.ascontiguousarray(crops[:, :, ::-1]) if mirrored else crops)
        if mirrored:
            shares = flip_keypoints(shares, scheme=self.scheme)
        return [
            square.to_image(share).astype(np.float32) for square, share in zip(squares, shares, strict=True)
        ]

    def mapping(self, source: str) -> BoxMapping:
        """How a source's boxes become tight ones: as the model file says, else as this version knows.

        Args:
            source: whose boxes, such as `mtfl`.

        Returns:
            The mapping to tight boxes.

        Raises:
            ValueError: for an unknown source, naming those there are.
        """
        known = {**box_mappings(), **self.info.boxes}
        if source not in known:
            raise ValueError(f"no box source is called '{source}'; there are {', '.join(sorted(known))}")
        return known[source]

    def confidence(self, image: Image, answers: NDArray[np.float32], box: Box) -> float | None:
        """How far a face's keypoints are to be believed, from several looks at it.

        Args:
            image: uint8 [H, W, 3] RGB.
            answers: [A, N, 2] in pixels, one a look.
            box: the tight box of the last look's crop.

        Returns:
            0 to 1: `inference.confidence.confidence_of` their scatter, less where the crop is nearly flat;
            None for a single look.

        Raises:
            ValueError: as `facekp_train.crop.cut` does.
        """
        if len(answers) < 2:
            return None
        chance = confidence_of(scatter_of(answers, box), self.info.confidence_scale)
        return chance * texture_of(image, box, self.info.crop)

    def _seen(
        self, image: Image, boxes: Sequence[Box], mapping: BoxMapping, refine: bool, flip: bool
    ) -> list[tuple[NDArray[np.float32], float | None]]:
        """Keypoints in the image for each box, and their confidence."""
        tights = [mapping.to_tight(box) for box in boxes]
        firsts = self._within(image, tights, flip)
        own = self.mapping(self.scheme.box_source)
        if not (refine and refines(own)):
            pairs = zip(firsts, tights, strict=True)
            return [(answers.mean(axis=0), self.confidence(image, answers, box)) for answers, box in pairs]
        refined = [refined_box(a.mean(axis=0), tight, own) for a, tight in zip(firsts, tights, strict=True)]
        lasts = self._within(image, refined, flip)
        seen: list[tuple[NDArray[np.float32], float | None]] = []
        for first, last, tight, box in zip(firsts, lasts, tights, refined, strict=True):
            # An answer that gave no box to look at again is not to be believed.
            sure = 0.0 if box is tight else self.confidence(image, np.concatenate([first, last]), box)
            seen.append((last.mean(axis=0), sure))
        return seen

    def _within(self, image: Image, tights: Sequence[Box], flip: bool) -> list[NDArray[np.float32]]:
        """The answers [A, N, 2] to one crop around each tight box, or to it and its mirror image."""
        ways = (False, True) if flip else (False,)
        looks = [self.look(image, tights, mirrored=mirrored) for mirrored in ways]
        return [np.stack(answers) for answers in zip(*looks, strict=True)]


def checked(image: Image) -> Image:
    """The image in one piece of memory, once it is known to be one.

    Args:
        image: uint8 [H, W, 3] RGB.

    Returns:
        The same pixels, contiguous.

    Raises:
        ValueError: for anything else, with the remedy.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f"an image is a numpy array, uint8 [H, W, 3] RGB, not {type(image).__name__}")
    remedy = ""
    if image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 1):
        remedy = "; turn a gray one into RGB with cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)"
    elif image.ndim == 3 and image.shape[2] == 4:
        remedy = "; drop the alpha channel with image[:, :, :3]"
    elif image.dtype != np.uint8:
        remedy = "; scale it to 0..255 and convert it with .astype(numpy.uint8)"
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"an image is uint8 [H, W, 3] RGB, not {image.dtype} {list(image.shape)}{remedy}")
    return np.ascontiguousarray(image)


def _distinct(faces: Sequence[Face]) -> list[Face]:
    """Without the lower-scored of two found faces whose keypoints came out on one and the same."""
    kept: list[Face] = []
    boxes: list[Box] = []
    for face in faces:
        box = tight_box(face.keypoints)
        if not overlapping(box, boxes):
            kept.append(face)
            boxes.append(box)
    return kept
