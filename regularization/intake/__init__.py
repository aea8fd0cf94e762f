"""The way in: from a file that somebody published to checked columns, and from new rows to the inputs of a network."""
