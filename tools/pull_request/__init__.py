"""What a branch changes, compared with the base that it left."""
