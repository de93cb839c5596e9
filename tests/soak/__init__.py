"""`annals soak`: a short run with every kind of fault, and the sources of its figures."""
