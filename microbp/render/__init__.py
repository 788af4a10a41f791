"""Pictures of graphs: `draw` makes one, and writes it if it is given a file."""

from microbp.render.drawing import Drawing, dot_text, draw
from microbp.render.subgraph import paths_to

__all__ = ["Drawing", "dot_text", "draw", "paths_to"]
