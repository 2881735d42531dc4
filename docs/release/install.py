"""The wheels in an environment of their own, as a user has them: nothing of the checkout is there to help."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from facekp_train.common.console import UserError


class Clean:
    """A new environment.

    Attributes:
        python: its interpreter.
    """

    def __init__(self, folder: Path, uv: Path) -> None:
        """folder: where it is made anew. uv: the program."""
        shutil.rmtree(folder, ignore_errors=True)
        self._folder, self._uv = folder, uv.resolve()
        self.python = folder / "bin" / "python"
        self._said(self._uv, "venv", "--quiet", "--python", sys.executable, folder)

    def install(self, wheel: Path) -> None:
        """Install a wheel with what it needs. Raises UserError where packages contradict each other."""
        self._said(self._uv, "pip", "install", "--quiet", "--python", self.python, wheel)
        self._said(self._uv, "pip", "check", "--quiet", "--python", self.python)

    def megabytes(self) -> float:
        """What the environment takes on the disk."""
        return sum(path.lstat().st_size for path in self._folder.rglob("*") if path.is_file()) / 1e6

    def finds_the_face(self, *model: str) -> None:
        """Find the demo photo's face. model: a shipped model's name. Raises UserError where it does not."""
        where = "from facekp_export.demo import demo_photo; print(demo_photo())"
        photo = self._said(self.python, "-c", where).strip()
        words = [word for name in model for word in ("--model", name)]
        faces = self._json("facekp-detect", photo, "--json", *words)["faces"]
        if len(faces) != 1 or len(faces[0]["keypoints"]) != 68:
            raise UserError(
                f"the installed facekp-detect gave {len(faces)} faces on the demo photo, not one of 68"
            )

    def models_are_whole(self) -> None:
        """Raises UserError where a shipped model is missing or changed."""
        states = {
            f["state"] for m in self._json("facekp-export", "models", "--json")["models"] for f in m["files"]
        }
        if states != {"as shipped"}:
            raise UserError(f"the installed models are {', '.join(sorted(states))}")

    def _json(self, program: str, *words: str) -> Any:
        return json.loads(self._said(self.python.with_name(program), *words))

    def _said(self, *command: Path | str) -> str:
        """What a program prints, run from the environment's own folder."""
        hidden = ("PYTHONPATH", "VIRTUAL_ENV")
        done = subprocess.run(
            [str(word) for word in command], cwd=self._folder if self._folder.is_dir() else None,
            env={name: value for name, value in os.environ.items() if name not in hidden},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise UserError(f"{' '.join(map(str, command))} failed: {done.stderr.strip()}")
        return done.stdout
