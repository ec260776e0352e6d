"""What a person sees of a fault that nobody expected: one dialog a kind, with a report to send."""
