"""The local API: HTTP over the same engine, for other programs. Needs the extra ``server``; knows no Qt."""
