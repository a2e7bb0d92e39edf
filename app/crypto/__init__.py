"""Keys, digests and signatures: EIP-712, the score messages for EVM chains and Sui. Bytes and plain values in, bytes out."""
