"""A model's tokens as its files name them: which are special and which end a reply. No tokenizer is made here."""
