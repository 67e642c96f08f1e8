"""Text to numbers: normalising, tokens, terms, contexts, vectorisers."""
