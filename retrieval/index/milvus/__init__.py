"""The index port on a Milvus server: a generation is a collection, and an alias names the one that answers."""
