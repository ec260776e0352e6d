"""Helix: chat with and benchmark language models on your own machine, losslessly speculative."""

from __future__ import annotations

__version__ = "0.1.0"
