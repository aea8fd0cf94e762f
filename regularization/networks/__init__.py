"""Keras networks: how they are built, trained one at a time, saved and evaluated.

Its modules are imported by name, since most of them import TensorFlow: `models`, `losses`, `fit`, `evaluation`.
`row_order` and `keras_file` do not.
"""
