"""A wallet's past fetched from a node or an explorer, as the documents that `app.wallet.read` reads."""
