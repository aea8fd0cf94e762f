"""What the make targets run. What a stage sets comes before any library."""

import stages  # noqa: F401
