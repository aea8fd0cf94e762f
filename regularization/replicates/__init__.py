"""The replicates: every variant trained over many seeds and splits, and what each of those models is worth.

Its rooms are imported by name: `plan` (which trainings there are), `measuring` (the scores of each), `blocks` (those
that the verdicts are made of), `curves` and `tables`; `training`, with TensorFlow, and `references`, which call them.
"""
