"""Data sets by name (`mtfl:PATH`), a reader for each format, and what a folder of faces holds."""

from facekp_train.datasets.reading.notes import DataError
from facekp_train.datasets.registry import FORMATS, Dataset, Format, check_split, open_dataset

__all__ = ["FORMATS", "DataError", "Dataset", "Format", "check_split", "open_dataset"]
