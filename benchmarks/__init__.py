"""What `make benchmark` runs, and simulated studies. What `regularization` sets comes before any library."""

from regularization.rounding import share_threads

share_threads()
