"""The workers: the pure core, one folder for each process, and the ports that the processes' loops speak to."""
