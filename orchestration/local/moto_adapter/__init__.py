"""The one place that knows moto's internals (an exact pin: `seams.PIN`).

seams.py      the self-check at start: which seam broke, when moto is another than the pinned one
states.py     Step Functions: moto's faults mended, and what the engine hears of executions
sagemaker.py  the optimised SageMaker integration that moto's interpreter lacks, .sync included
journal.py    where each execution is, and going on from there after a crash
data.py       items, parameters and objects as moto holds them, for the engine to keep and to bring back

Each mend has a test in tests/orchestration/local/test_moto_adapter.py that fails once moto no longer needs it.
"""
