"""The job score: take a wallet's history and return a score with its reasons."""
