"""The replicates: every variant trained over many seeds and splits, and what each of those networks is worth.

Its rooms are imported by name: `runs` (which trainings there are, and which are sent where), `shard_training` (with
TensorFlow), `measuring` (the scores of each network), `blocks` (those that the verdicts are made of), `curves`, and
`training`, which calls them all.
"""
