"""Where the faces of a photograph are: BlazeFace, OpenCV's cascade, a function of the user's."""

from facekp_export.finders.base import CallableFinder, FaceFinder, FoundFace
from facekp_export.finders.registry import DEFAULT_FINDER, FINDERS, open_finder

__all__ = ["DEFAULT_FINDER", "FINDERS", "CallableFinder", "FaceFinder", "FoundFace", "open_finder"]
