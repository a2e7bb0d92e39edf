"""Filled-in questionnaires: rows and answers of many forms in, one delimited prompt out."""
