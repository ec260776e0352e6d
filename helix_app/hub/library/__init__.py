"""The models on this computer: those of Helix, of the person and of other programs."""
