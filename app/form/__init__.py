"""A form that somebody filled in: what its rows ask, and whether an answer fits its question."""
