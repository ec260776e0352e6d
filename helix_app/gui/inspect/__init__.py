"""To see inside a reply: its tokens and where they came from, its rounds, and the cache behind them."""
