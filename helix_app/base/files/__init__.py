"""Small files of the person: written whole or not at all, and made use of when they are damaged."""
