"""How much of `workers/` tests hold: each small change of it (a mutant) must make one fail. See tests/README.md."""
