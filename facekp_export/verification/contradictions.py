"""Where an export's folder is not what its manifest says: each file and field by name."""

from __future__ import annotations

from pathlib import Path

from facekp_export.inference.runtimes import OPENERS, KeypointModel
from facekp_export.verification.manifest import Manifest
from facekp_train.common.files import sha256_of


def contradictions(manifest: Manifest, model: KeypointModel) -> list[str]:
    """What a file says, or is, otherwise than its manifest says of it.

    Args:
        manifest: of the file's folder.
        model: the file, opened.

    Returns:
        A sentence for each, none where all is well.
    """
    path, info = model.runtime.path, model.info
    entry = next((entry for entry in manifest.files if entry.file == path.name), None)
    if entry is None:
        return ["the manifest does not list it"]
    if entry.sha256 != sha256_of(path):
        return ["it was changed after its export"]
    pairs = {
        "kind": (info.kind, entry.kind),
        "bytes": (path.stat().st_size, entry.bytes),
        "name": (info.name, manifest.name),
        "scheme": (info.scheme.name, manifest.scheme),
        "points": (info.points, manifest.points),
        "crop": (info.crop.as_dict(), manifest.crop),
        "checkpoint_sha256": (info.checkpoint_sha256, manifest.checkpoint_sha256),
        "weights_licence": (info.weights_licence, manifest.weights_licence),
    }
    return [
        f"its {what} is {own} and the manifest says {stated}"
        for what, (own, stated) in pairs.items()
        if own != stated
    ]


def absent(manifest: Manifest, folder: Path) -> dict[str, str]:
    """What a folder lacks of that which its manifest lists, by name; and what was changed in its folders."""
    found = {
        entry.file: "the manifest lists it and it is missing"
        for entry in manifest.files
        if not (folder / Path(entry.file).name).is_file()
    }
    for name, files in manifest.folders.items():
        for file, sha256 in files.items():
            path = folder / name / file
            if not path.is_file():
                found[f"{name}/{file}"] = "the manifest lists it and it is missing"
            elif sha256_of(path) != sha256:
                found[f"{name}/{file}"] = "it was changed after its export"
    return found


def strangers(manifest: Manifest, folder: Path, known: set[str]) -> dict[str, str]:
    """Model files of a folder that its manifest does not list and that were not opened as ours."""
    listed = {entry.file for entry in manifest.files} | known
    return {
        path.name: "the manifest does not list it"
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in OPENERS and path.name not in listed and not path.is_dir()
    }
