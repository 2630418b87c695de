"""A study as a file for other programs: a project or a codebook that NVivo, ATLAS.ti, MAXQDA or QualCoder open, or its map."""

from journeylab.export.write import ENDINGS, Exported, export

__all__ = ["ENDINGS", "Exported", "export"]
