"""What `make benchmark` runs, and simulated studies. What `regularization` sets comes before any library."""

import regularization  # noqa: F401
