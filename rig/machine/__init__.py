"""The machine: programs, processes, ports, state and progress, for every other room."""
