"""Runs Python snippets inside this process, in a CPython that can reach nothing of it."""
