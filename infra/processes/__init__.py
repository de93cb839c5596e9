"""The compositions of the production processes: which adapters stand behind the ports of each role.

    worker.py   one worker process from start to stop       roles.py   the roles that it can have
    command.py, saga.py, projection.py, audit.py   the adapters of each role       resources.py   what they share
    generations.py, parked_streams.py   the adapters of operations, also for the command line
    gateway.py  the HTTP process                             gateway_port.py   its port, checked first

Nothing here imports infra.devstack: the development servers are found by their addresses (locating.py), and no
production process starts one.
"""
