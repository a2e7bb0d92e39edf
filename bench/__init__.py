"""One file per claim in docs/measured.md; each prints ratios against a named peer in the same run."""
