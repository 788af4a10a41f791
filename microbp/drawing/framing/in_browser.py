"""Pictures of a notebook without any Graphviz: viz.js makes them in the browser, if the user has that file.

The output of a cell carries the file and the DOT text, in a frame of its own: it reaches nothing, and what opens the
notebook later shows it too.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from pathlib import Path

from microbp.errors import ProblemError
from microbp.printing import read_file

MOST_BYTES = 8_000_000
"""The file has no more: that of @viz-js/viz 3.31 has 1.2 MB."""
_PAGE = """<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline' blob: 'wasm-unsafe-eval'">
<style>body { margin: 0; background: #fff } svg { display: block; max-width: 100%%; height: auto }
text { font-family: Verdana, 'DejaVu Sans', sans-serif }</style>
<script type="text/plain" id="viz">%s</script>
<script type="module">
const code = Uint8Array.from(atob(document.getElementById("viz").textContent), (c) => c.charCodeAt(0));
const { instance } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
const { dot, engine } = %s;
document.body.append((await instance()).renderSVGElement(dot, { engine }));
const tell = () => parent.postMessage({ height: Math.ceil(document.body.getBoundingClientRect().height) }, "*");
addEventListener("message", tell);
new ResizeObserver(tell).observe(document.body);
</script>
"""
_FOLLOW = (
    "window.addEventListener('message', ({ source, data }) => {"
    "if (source === this.contentWindow && data.height) this.height = data.height });"
    "this.contentWindow.postMessage('', '*')"
)
"""Makes a frame as high as what is in it."""
_given: list[str] = []


def use_viz(path: str | Path | None) -> None:
    """Lets the browser draw what notebooks show where no Graphviz is found, by a file of yours; `None` ends that.

    It is `dist/viz.js` of the npm package @viz-js/viz, or the `viz.js` that `make site` builds. Each picture in the
    notebook has all of it, 1.6 MB, and none is dark. Files, films and cards on pages need Graphviz as before. Raises
    `ProblemError` for what is not that file.
    """
    if path is None:
        _given.clear()
        return
    try:
        content = read_file(path, MOST_BYTES)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise ProblemError(f"{path}: this cannot be read as the viz.js of @viz-js/viz: {said}") from error
    if not re.search(rb"\bexport\s*\{[^}]*\binstance\b", content):
        raise ProblemError(f"{path}: this is not dist/viz.js of the npm package @viz-js/viz, which exports `instance`")
    _given[:] = [b64encode(content).decode()]


def browser_picture(dot: str, title: str) -> str | None:
    """A frame that draws DOT text as it is shown; None if no viz.js was given."""
    if not _given:
        return None
    engine = "neato" if "layout=neato" in dot else "dot"
    data = re.sub(
        "[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps({"dot": dot, "engine": engine})
    )
    page = _PAGE % (_given[0], data)
    return (
        f'<iframe sandbox="allow-scripts" width="100%" style="border: 0" title="{html.escape(title)}" '
        f'onload="{html.escape(_FOLLOW)}" srcdoc="{html.escape(page)}"></iframe>'
    )
