"""The site of asv's results: complete in itself, with a page in front that sums them up."""

from .build import build

__all__ = ["build"]
