"""`annals demo`: a scripted journey through a running system, from a sign-up to a deleted account."""
