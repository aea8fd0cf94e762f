"""Jobs: many trainings as shards of one piece of work, trained on this machine or on a Dask cluster.

`work` (what a job is made of), `training` (how a shard is trained, with TensorFlow), `engines` (where), `code_bundle`
(what travels to other machines) and `cost` (how long it takes) are imported by name.
"""
