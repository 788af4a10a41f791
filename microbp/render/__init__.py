"""Pictures of graphs: `draw` makes one, and writes it if it is given a file."""

from microbp.render.dot import dot_text
from microbp.render.image import Drawing, draw

__all__ = ["Drawing", "dot_text", "draw"]
