"""Helix: chat with and benchmark language models on your own machine, losslessly speculative."""

from __future__ import annotations

__version__ = "0.1.0"

# Where the newest release is told, as JSON with "tag_name" and "html_url" (".../releases/latest" of the API of GitHub,
# Gitea or Forgejo). Empty as long as the project has no such page: then nobody can look for a newer version.
RELEASES = ""
