"""What tests of the benchmark take: results made by hand, tiny models, a stand-in for llama-server."""
