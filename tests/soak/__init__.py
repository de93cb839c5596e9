"""`annals soak`: a short run of it with every kind of fault, and what its figures are made of."""
