"""In which form weights lie: on the file's own packed blocks, on a CPU or in a card's memory, or unpacked."""
