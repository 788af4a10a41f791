"""Pictures of graphs: `draw` makes one, `animate` a film of a pass; both write it if they are given a file."""

from microbp.drawing.drawing import dot_text, draw
from microbp.drawing.film.film import Film, animate
from microbp.drawing.framing.in_browser import use_viz
from microbp.drawing.framing.result import Drawing
from microbp.drawing.image import use
from microbp.drawing.subgraph import paths_to

__all__ = ["Drawing", "Film", "animate", "dot_text", "draw", "paths_to", "use", "use_viz"]
