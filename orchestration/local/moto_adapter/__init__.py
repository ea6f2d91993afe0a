"""The one place that knows moto's internals (an exact pin: `seams.PIN`).

seams.py      the self-check at start: which seam broke, when moto is another than the pinned one
states.py     Step Functions: moto's faults mended, and what the engine hears of executions
programs.py   one parsed program for all executions of a definition
sagemaker.py  the optimised SageMaker integration that moto's interpreter lacks, .sync included
codebuild.py  CodeBuild, of which there is none here: skipped, with a note
journal.py    where each execution is, and going on from there after a crash
data.py       items, parameters and objects as moto holds them, for the engine to keep and to bring back
light.py      moto without its EC2

Each mend has a test in tests/orchestration/local/test_moto_adapter.py that fails once moto no longer needs it.
"""

from orchestration.local.moto_adapter import light

light.import_lightly()
