"""Results in words: `phrases` (intervals, lists, verdicts), and the sentences that are made of them."""
