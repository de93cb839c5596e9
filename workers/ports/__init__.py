"""What the loops ask of the outside. Each port has its real adapter under `infra/`; no driver's type shows here."""
