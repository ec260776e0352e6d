"""Programs that a measurement starts, and the benchmark as one."""
