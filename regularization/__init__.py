"""Which regularization helps a neural network on a table: pure functions, nothing here writes a file."""

import os

# Read by Keras and TensorFlow when they are first imported; whatever the user has set stands.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what fails raises; a machine without a GPU is no error
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its order of summation varies between processors
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # a GPU would round otherwise
