"""Pseudonyms by a key that lies outside of the project: the same person, key and study give the same one each time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from journeylab.errors import ReportError

DEFAULT = Path("~/.config/journeylab/key")
BYTES = 32
MOST = 4096
SIGNS = 10
"""Letters of a pseudonym: 50 bits, so that a million people share one by chance with probability 0.0004."""


def read_key(path: Path | None, *, outside: Iterable[Path], create: bool = True) -> tuple[bytes, str | None]:
    """Read the key, or make one where there is none.

    Parameters
    ----------
    path : Path or None
        None stands for ``~/.config/journeylab/key``.
    outside : iterable of Path
        Folders in which a key must not lie, since they are shared, copied or committed.
    create : bool
        Whether a missing key is made; where not, one is used that is forgotten again (for a dry run).

    Returns
    -------
    key : bytes
    note : str or None
        What was made, in a sentence.

    Raises
    ------
    ReportError
        When it lies inside, others may read it, or it is short.
    """
    file = (path or DEFAULT).expanduser()
    place = file.resolve()
    for folder in outside:
        if place.is_relative_to(folder.resolve()):
            raise ReportError(
                f"{file}: the key lies within {folder}, which is shared or committed; whoever has both can turn every "
                "pseudonym back. Keep it elsewhere: --key FILE."
            )
    if not file.exists():
        fresh = secrets.token_bytes(BYTES)
        if not create:
            return fresh, f"{file}: there is no key yet; a release would make one"
        return _make(file, fresh), f"{file}: a new key was made (mode 600); keep it, and keep it apart from releases"
    if not file.is_file():
        raise ReportError(f"{file}: is no file; name the key's file: --key FILE.")
    if os.name == "posix" and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ReportError(
            f"{file}: others may read the key (mode {stat.S_IMODE(file.stat().st_mode):o}); chmod 600 {file}"
        )
    if file.stat().st_size > MOST:
        raise ReportError(f"{file}: is larger than a key ({file.stat().st_size:,} bytes; at most {MOST:,}).")
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise ReportError(f"{file}: the key cannot be read: {error.strerror}; chmod 600 {file}") from None
    if len(key) < 16:
        raise ReportError(
            f"{file}: has {len(key)} bytes, and a key needs 16 at least; remove it, and a new one is made."
        )
    return key, None


def _make(file: Path, key: bytes) -> bytes:
    """Write a new key that only its owner can read."""
    written = base64.b32encode(key)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(written + b"\n")
    except OSError as error:
        raise ReportError(f"{file}: the key cannot be written: {error.strerror}.") from None
    return written


def pseudonym(key: bytes, study: str, name: str, letter: str = "P") -> str:
    """The pseudonym of an id, by HMAC-SHA256 (RFC 2104).

    The study is part of what is hashed, so that nobody is followed from one study to another.

    Examples
    --------
    >>> pseudonym(b"0123456789abcdef", "shop", "C10971", "C")
    'C-PY7EHNTFSN'
    """
    mark = hmac.new(key, f"{study}\0{name}".encode(), hashlib.sha256).digest()
    return f"{letter}-{base64.b32encode(mark).decode()[:SIGNS]}"
