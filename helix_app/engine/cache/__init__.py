"""The paged KV cache: bookkeeping of blocks, and the tensors behind them."""
