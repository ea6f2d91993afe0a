"""What each intent does: one function an intent, (Request, Ports, Memory) -> Reply.

registry.py     intent to function                                            <- open this first
dispatch.py     permission, confirmation, the function, the audit entry, what is remembered
errors.py       the one table: error to reply
starting.py     StartTraining           stopping.py    StopBuild
builds.py       BuildStatus, BuildDetails, ListBuilds
failures.py     WhyFailed               watching.py    TellMeWhenDone, progress and outcome of a build
predicting.py   Predict                 serving.py     ListEndpoints, ListModels
helping.py      Help, and what was not understood      conversing.py  Yes, No, Cancel
targets.py      which build is meant    wording.py     builds, times and numbers in words

Starting and stopping go through `orchestration/steps/`; everything else asks the ports.
"""
