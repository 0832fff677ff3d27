"""Equations as pictures, drawn while the site is built.

WHY: a page then needs neither a script nor a font, from another host or from here. The fence, `math`, is GitHub's own,
which draws the same equations there.
"""

from html import escape
from typing import Any

import ziamath
from pymdownx.superfences import SuperFencesException

_SIZE = 18  # pixels, a little more than the text's, because most letters are small


def on_config(config: Any) -> Any:
    """Let MkDocs draw every fence called `math`."""
    ziamath.config.svg2 = False  # paths alone: names that SVG 2 reuses would clash between the pictures of a page
    fences = config["mdx_configs"].setdefault("pymdownx.superfences", {}).setdefault("custom_fences", [])
    fences.append({"name": "math", "class": "math", "format": _equations})
    return config


def _equations(source: str, *_: Any, **__: Any) -> str:
    """Draw each paragraph of a fence as an equation of its own, in the colour of the text."""
    equations = [" ".join(part.split()) for part in source.split("\n\n") if part.strip()]
    return "".join(f'<div class="math">{_draw(equation)}</div>' for equation in equations)


def _draw(equation: str) -> str:
    try:
        picture = ziamath.Latex(equation, size=_SIZE, color="currentColor").svg()
    except Exception as error:
        # Any other exception would be swallowed, and the page would show the source.
        raise SuperFencesException(f"Cannot draw the equation {equation}: {error!r}") from error
    return picture.replace("<svg ", f'<svg role="img" aria-label="{escape(equation)}" ', 1)
