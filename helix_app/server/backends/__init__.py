"""The border to whatever has the engine, and what stands behind it in a server of its own."""
