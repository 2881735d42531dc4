"""Where the faces of a photograph are: BlazeFace, OpenCV's cascade, a function of the user's."""

from facekp_export.finders.base import CallableFinder, FaceFinder, FoundFace
from facekp_export.finders.registry import FINDERS, default_finder, open_finder

__all__ = ["FINDERS", "CallableFinder", "FaceFinder", "FoundFace", "default_finder", "open_finder"]
