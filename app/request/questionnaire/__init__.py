"""Filled-in questionnaires: take the rows and answers of many kinds of form, and write one delimited prompt."""
