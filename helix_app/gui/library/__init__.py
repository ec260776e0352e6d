"""The page of models: the library, the catalog, a search of the hub, and downloads."""
