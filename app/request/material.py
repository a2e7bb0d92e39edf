"""Put a caller's text between tags, so that no text can pass as another text or as an instruction."""

from __future__ import annotations

import re

TAG = "material"


def tagged(tag: str, text: str) -> str:
    """Return `text` between tags that the text itself cannot close."""
    inside = re.sub(f"</(?={tag})", "< /", text, flags=re.IGNORECASE).strip("\n")
    return f"<{tag}>\n{inside}\n</{tag}>"
