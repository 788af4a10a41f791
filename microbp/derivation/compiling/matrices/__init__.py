"""The matrix form, found again in the graph of one sample: grouped, written forward, gone back over, put together."""
