"""The demo: an HTTP API for `InContextClassifier`, and a page where you teach it by drawing.

Needs the packages of the extra `demo`. They are imported when `gpicl.demo.serve` is called, not with this package.
"""

__all__ = ["serve"]
