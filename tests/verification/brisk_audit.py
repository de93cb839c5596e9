"""`annals` whose audit rests for moments only: python -m tests.verification.brisk_audit worker audit

Its usual pace, a twentieth of a core, makes half a minute of each verification.
"""

from infra.cli.main import main
from workers.operations.audit import pace

if __name__ == "__main__":
    pace.MAX_REST_SECONDS = 0.05
    main()
