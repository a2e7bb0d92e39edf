"""Formats that are read and written: strict JSON, protectedData, and what else people hand over."""
