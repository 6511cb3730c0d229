"""The page of a benchmark audit."""
