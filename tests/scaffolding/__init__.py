"""`annals new` writes projects and contexts that work at once, or nothing."""
