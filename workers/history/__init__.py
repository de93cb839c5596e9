"""The past, made readable: points in a stream's life, and the tree of what one request led to. No I/O but a port's."""
