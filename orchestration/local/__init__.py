"""The embedded engine: everything that the state machine needs of AWS, in one process on one laptop.

client.py        finds, starts and ends the engine (engine.json)          <- what the rest of the house uses
engine.py        the process: lock, boot, serve, end with its last client
front.py         the wire: access key, Host check, routing to what is ours and what is moto's
resources.py     what is made again at every boot: names, tables, bucket, topic, the rendered state machine
keeper.py        what a request to moto changed, kept before it is answered, and brought back at boot
storage.py       what survives: items, parameters, execution starts (SQLite); objects are files
lambdas.py       functions.json's functions as awslambdaric processes (function_program.py)
events.py        what happens, to the functions that functions.json says (sources.py: the kinds of events)
scaling.py, monitoring.py   Application Auto Scaling and CloudWatch, as far as endpoints need them
housekeeping.py  working files of jobs that nobody needs any more            doctor.py   what `sagebuild doctor` shows
moto_adapter/    the one place that knows moto's internals
local_sagemaker/ jobs and endpoints as processes; knows nothing of moto
session.py, people.py     boto3 sessions of the engine alone; whoever sits here is an admin
options.py       settings.json: what belongs to this machine
files.py, processes.py    atomic files, locks; processes with an identity
"""
