"""Charts: one module for each kind, for the report's page and as SVG. They are returned; a stage writes them."""
