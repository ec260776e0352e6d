"""The routes of the service that Helix grew from: ``/generate`` and its kin."""
