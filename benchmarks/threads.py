"""Imported before TensorFlow: a thread for every processor, as the stages that train populations have them."""

from regularization.rounding import share_threads

share_threads()
