"""One zip, the same bytes each time, with a manifest of what is in it and of what was done."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: the first that a zip can tell, so that it tells nothing."""


def pack(files: Mapping[str, bytes], manifest: dict[str, Any]) -> bytes:
    """Pack files and their manifest: names sorted, one time, one mode, no owner, no comment, no extra fields."""
    listed = [
        {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    ]
    told = json.dumps({**manifest, "files": listed}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted({**files, "manifest.json": told.encode()}.items()):
            info = zipfile.ZipInfo(name, MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, content)
    return out.getvalue()
