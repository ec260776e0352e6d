"""What is kept in SQLite on this computer."""
