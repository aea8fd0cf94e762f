"""The sweep: a grid of configurations, trained on the same folds, and what may be said of the best of them.

Its rooms are imported by name: `grid` (which configurations), `rounds` (folds, seeds, what is trained where),
`shard_training` (with TensorFlow), `selection` (the set that cannot be told from the best), `results` (the tables) and
`heat_map`.
"""
