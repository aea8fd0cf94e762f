"""Where trainings run: `engines` (threads here, processes here, any Dask cluster) and `cargo` (what travels there)."""
