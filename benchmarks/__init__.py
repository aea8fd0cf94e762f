"""What `make benchmark` runs, and simulated studies. What a stage sets comes before any library."""

import stages  # noqa: F401
