"""Several files, all of them written or none."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from journeylab.errors import ReportError


def write_all(contents: Mapping[Path, str | bytes]) -> list[Path]:
    """Write files beside their places, then move them there; where one cannot be written all stay as they were.

    Parameters
    ----------
    contents : mapping
        Place to content. What is no plain file, such as a pipe or ``/dev/stdout``, is written to straight and last.

    Raises
    ------
    ReportError
        Names the file that cannot be written, and says that nothing was changed.
    """
    straight = [to for to in contents if _is_device(to)]
    plain = {to: to.resolve() for to in contents if to not in straight}
    moved: list[Path] = []
    now: Path | None = None
    try:
        for now, place in plain.items():
            _write(_beside(place, "partial"), contents[now])
            if place.exists():
                shutil.copy2(place, _beside(place, "before"))
        for now in plain:
            _beside(plain[now], "partial").replace(plain[now])
            moved.append(plain[now])
        for now in straight:
            _write(now, contents[now])
    except (OSError, UnicodeError) as error:
        for place in moved:
            _put_back(place)
        reason = error.strerror if isinstance(error, OSError) else error
        raise ReportError(f"{now}: cannot be written: {reason}; no file was changed.") from None
    finally:
        for place in plain.values():
            for kind in ("partial", "before"):
                with contextlib.suppress(OSError):
                    _beside(place, kind).unlink(missing_ok=True)
    return list(contents)


def _write(to: Path, content: str | bytes) -> None:
    to.write_bytes(content if isinstance(content, bytes) else content.encode())


def _is_device(to: Path) -> bool:
    """Whether a place is none that a file can be moved to."""
    return (to.exists() and not to.is_file()) or to.absolute().parts[1:2] == ("dev",)


def _beside(place: Path, kind: str) -> Path:
    return place.with_name(f".{place.name}.{os.getpid()}.{kind}")


def _put_back(place: Path) -> None:
    """What was there before, or nothing."""
    before = _beside(place, "before")
    with contextlib.suppress(OSError):
        before.replace(place) if before.exists() else place.unlink()
