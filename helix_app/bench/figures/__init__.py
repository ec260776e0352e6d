"""From replies to intervals and verdicts: pure figures."""
