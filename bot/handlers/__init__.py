"""What each intent does: one function an intent, (Request, Ports, Memory) -> Reply.

registry.py     intent to function                                            <- open this first
dispatch.py     rate, permission, what is meant, confirmation, the function, the audit entry, what is remembered
followups.py    answers to a question, and corrections        strangers.py   who is not known yet
errors.py       the one table: error to reply
starting.py     StartTraining, Tune, RepeatBuild, ResumeBuild                 stopping.py    StopBuild
builds.py       BuildStatus, BuildDetails      listing.py     ListBuilds      comparing.py   CompareBuilds
progress.py     Progress, the line of a build  failures.py    WhyFailed       watching.py    TellMeWhenDone
deciding.py     Approve, Reject                deploying.py   Deploy, Rollback
freezing.py     FreezeDeploys, UnfreezeDeploys serving.py     ListEndpoints, DeleteEndpoint, RetireEndpoints
predicting.py   Predict                        sweeping.py    Sweep           asking.py      which endpoint and inputs
models.py       ListModels, DescribeModel      datasets.py    the four about datasets
setting.py      ShowSettings, ChangeSetting    costs.py       Cost            auditing.py    AuditLog
linking.py      LinkAccount, WhoAmI            helping.py     Help            conversing.py  Yes, No, Cancel
ordering.py     orders and their price         targets.py     which build is meant
wording.py      services, times, numbers in words             measures.py    metrics, verdicts, money in words
standing.py     the sentence about a build

Orders, decisions and deletions go through `orchestration/steps/`; everything else asks the ports.
"""
