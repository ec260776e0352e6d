"""The instrument: the same prompts through several arms on the same weights, measured alike and told with intervals.

``runner.run_benchmark(config)`` gives a ``records.BenchResult``; ``summary`` reads figures and verdicts from it,
``compare`` two of them, and the ``*_report`` files write them down. No Qt.
"""
