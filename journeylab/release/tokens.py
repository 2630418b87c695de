"""Secrets of machines: values of secret-like environment variables, and what is shaped like a token."""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Mapping

from journeylab.release.words import tidy

NAMED = re.compile(
    r"(?i)TOKEN|SECRET|PASSW|PWD$|PASSPHRASE|CREDENTIAL|APIKEY|PRIVATE|(?:^|_)(?:KEY|PAT|AUTH|DSN)(?:_|$)|KEY$"
)
SHORTEST = 8
SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{16,}")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{20,}")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{20,}")),
    ("a PyPI token", re.compile(r"\bpypi-[A-Za-z0-9_-]{40,}")),
    ("an API key", re.compile(r"\b(?:sk|rk|pk)[-_][A-Za-z0-9_-]{20,200}")),
    ("a Google API key", re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    ("a Slack token", re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}")),
    ("a JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,1000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]+")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a password in a link", re.compile(r"\b[a-z][a-z0-9+]{1,15}://[^\s/:@\"'<>]{1,100}:[^\s/@\"'<>]{3,200}@[\w.-]")),
    ("a password", re.compile(
        r"(?i)\b(?:password|passwd|api[_-]?key|secret|access[_-]?token)\s*[=:]\s*[\"']?"
        r"(?=[^\s\"'<>,;]{0,100}[\d!$%&*_+])[^\s\"'<>,;]{8,}")),
    ("an authorisation header", re.compile(r"(?i)\b(?:bearer|basic) [A-Za-z0-9+/._=-]{16,}")),
)  # fmt: skip

REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,24});")
JSON_SIGN = re.compile(r"\\u((?:00ad|20[0-6][0-9a-f]|feff))", re.IGNORECASE)


class Secrets:
    """What must stand in no file.

    Parameters
    ----------
    environment : mapping
        Names and values; values of eight signs and more whose name is secret-like are looked for, as they are and as they are
        written in HTML, JSON, links and base64.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.values: list[tuple[str, str]] = []
        for name, value in sorted(environment.items()):
            if NAMED.search(name) and len(value.strip()) >= SHORTEST and value[:1] != "/":
                value = value.strip()
                forms = {value, html.escape(value), json.dumps(value)[1:-1], urllib.parse.quote(value, safe="")}
                forms |= {base64.b64encode(value.encode()).decode().rstrip("=")}
                self.values += [(name, form) for form in sorted(forms)]

    def find(self, text: str) -> list[tuple[int, str]]:
        """Line and kind of every secret in a text; never the secret itself."""
        # Read as written, and as a reader sees it: signs nobody sees, and references to them, split a token for a search alone.
        seen = {text: None, tidy(text): None, tidy(_unescaped(text)): None}
        return sorted({item for form in seen for item in self._find(form)})

    def _find(self, text: str) -> list[tuple[int, str]]:
        found = [(text.find(form), f"the value of the environment variable {name}") for name, form in self.values]
        found += [(match.start(), kind) for kind, pattern in SHAPES for match in pattern.finditer(text)]
        return [(text.count("\n", 0, place) + 1, kind) for place, kind in found if place >= 0]


def _unescaped(text: str) -> str:
    """References of HTML (``&#8203;``) and JSON (``\\u200b``) to signs that nobody sees, resolved; lines stay."""
    text = REFERENCE.sub(lambda match: html.unescape(match[0]).replace("\n", " "), text)
    return JSON_SIGN.sub(lambda match: chr(int(match[1], 16)), text)
