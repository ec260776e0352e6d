"""Catalog, downloads, checksums. No Qt, no torch."""
