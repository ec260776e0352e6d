"""Keys of the menus: their defaults, those chosen, and the list of them."""
