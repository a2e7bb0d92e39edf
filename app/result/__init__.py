"""What a result says and how it is signed: the report, the answers, the envelope, and the signatures of scores."""
