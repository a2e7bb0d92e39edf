"""Read the answers of explorers, nodes, aggregators and exports about a wallet into one history."""
