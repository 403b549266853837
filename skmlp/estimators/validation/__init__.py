"""What may come in: parameters, arrays, combinations, weights set by hand."""
