"""A fit: what it is put together from, and what it leaves behind."""
