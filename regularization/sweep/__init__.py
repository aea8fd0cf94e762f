"""The sweep: a grid of configurations, trained on the same folds, and what may be said of the best of them.

Its rooms are imported by name: `grid` (which configurations), `rounds` (folds, seeds, what is trained where),
`training` (with TensorFlow), `selection` (the set not distinguishable from the best) and `results` (the tables).
"""
