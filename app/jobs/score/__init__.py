"""score: a wallet's history in, a score with its reasons out."""
