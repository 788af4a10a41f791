"""A backward pass as a film: frames on one layout, GIF, WebP, SVG."""
