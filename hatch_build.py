"""
What the package's metadata says of the repository: its README, with links that hold elsewhere, and its URLs.

REPOSITORY_URL, such as ``https://example.org/you/gameball_async``, is where a release can be read. Where it is not
set, nothing is invented: links into the repository become plain text, pictures are left out, and there are no URLs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# A picture or a link whose target is neither an address nor a place on the page.
_RELATIVE = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?!\w+:|#)(?P<target>[^)\s]+)\)")
_CODE = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)


class MetadataHook(MetadataHookInterface):
    """Fills in ``readme`` and ``urls``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Hatchling calls it when it has read pyproject.toml."""
        repository = os.environ.get("REPOSITORY_URL", "").rstrip("/")
        page = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        tag = f"v{metadata['version']}"
        text = readme(page, repository, tag)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = urls(repository, tag)


def readme(page: str, repository: str, tag: str) -> str:
    """*page* with links to the files of the tag; without a repository, with no links to files."""

    def held(link: re.Match[str]) -> str:
        if not repository:
            return "" if link["picture"] else link["text"]
        way = "raw" if link["picture"] else "blob"
        return f"{link['picture']}[{link['text']}]({repository}/{way}/{tag}/{link['target']})"

    parts = _CODE.split(page)
    return "".join(part if part.startswith("```") else _RELATIVE.sub(held, part) for part in parts)


def urls(repository: str, tag: str) -> dict[str, str]:
    """The project's URLs; none without a repository."""
    if not repository:
        return {}
    return {
        "Source": repository,
        "Documentation": f"{repository}/tree/{tag}/docs",
        "Changelog": f"{repository}/blob/{tag}/CHANGELOG.md",
        "Security": f"{repository}/blob/{tag}/docs/security.md",
    }
