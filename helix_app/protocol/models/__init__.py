"""Requests and events about models: the library, the hub, loads, fit and pairs."""
