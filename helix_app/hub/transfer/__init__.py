"""Bytes from elsewhere: connections, proxies, progress, failures."""
