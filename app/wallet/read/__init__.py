"""What explorers, nodes, aggregators and exports say of a wallet, read into one history."""
