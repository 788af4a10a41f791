"""Builds the documentation into build/docs: the pages of this repository, and the API. `make docs` runs it."""

import html
import re
import shutil
import sys
from pathlib import Path

import pdoc
from pdoc.render_helpers import to_html

ROOT = Path(__file__).parent.parent.parent
PAGES = (
    "README.md",
    "examples/tutorial.md",
    "examples/class.md",
    "examples/pytorch.md",
    "examples/reference.md",
    "examples/README.md",
    "examples/web/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
STYLE = """
:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }
pre, code { font-family: ui-monospace, monospace; font-size: 90%; } pre { overflow-x: auto; padding: .6rem 1rem; }
pre, th { background: color-mix(in srgb, currentColor 7%, transparent); } img { max-width: 100%; background: white; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { padding: .2rem .6rem; text-align: left; }
"""


def page(text):
    """A page of Markdown as HTML; what it points to is a page, too, or the source beside it."""
    text = re.sub(r"<!--.*?-->\n?", "", text)
    text = re.sub(r"\]\((?!http)([^)#]*?)README\.md", r"](\1index.html", text)
    text = re.sub(r"\]\((?!http)([^)#]+?)\.md", r"](\1.html", text)
    links = " · ".join(
        f'<a href="{{up}}{place}">{name}</a>'
        for place, name in (
            ("index.html", "microbp"),
            ("examples/tutorial.html", "tutorial"),
            ("examples/class.html", "for a class"),
            ("examples/reference.html", "reference"),
            ("api/microbp.html", "API"),
        )
    )
    title = html.escape(text.partition("\n")[0].lstrip("# "))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style><nav>{links}</nav>{to_html(text)}</html>"
    )


def main(out=ROOT / "build" / "docs"):
    shutil.rmtree(out, ignore_errors=True)
    for name in PAGES:
        place = out / name.replace("README.md", "index.html").replace(".md", ".html")
        place.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * (len(place.relative_to(out).parts) - 1)
        place.write_text(page((ROOT / name).read_text("utf-8")).replace("{up}", up), "utf-8")
    for folder in ("examples", "microbp", "tests"):  # what the pages point to
        shutil.copytree(
            ROOT / folder, out / folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "web")
        )
    shutil.copy(ROOT / "LICENSE", out)
    pdoc.render.configure(docformat="markdown", math=False)
    pdoc.pdoc("microbp", output_directory=out / "api")
    print(out / "index.html")


if __name__ == "__main__":
    sys.exit(main())
