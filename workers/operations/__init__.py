"""What operators do, on ports only: the command line and the gateway call these, and so does the simulation."""
