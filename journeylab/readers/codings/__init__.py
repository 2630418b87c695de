"""Readers of what customers said: coded interviews, reviews and notes, as a `CodedStudy`."""

from journeylab.readers.codings.model import CodedStudy

__all__ = ["CodedStudy"]
