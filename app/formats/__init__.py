"""The formats that are read and written: strict JSON, protectedData, and other files that people hand over."""
