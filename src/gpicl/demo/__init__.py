"""The demo: `InContextClassifier` behind HTTP, and a page on which it is taught by drawing.

Needs the packages of the extra `demo`. Importing this room imports none of them: `gpicl.demo.serve` does, when it is
asked to serve.
"""

__all__ = ["serve"]
