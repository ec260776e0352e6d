"""What every process of Helix has: folders, logs, keys, garbage collection, installed components."""
