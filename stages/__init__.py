"""The pipeline's stages, one file each. What `regularization` sets comes before any library that they import."""

import regularization  # noqa: F401
