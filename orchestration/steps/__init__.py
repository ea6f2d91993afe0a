"""The work of each Lambda as plain functions over ports: no AWS, no clock of their own.

start_build.py       the only starter of a build, whoever asks      stop_build.py   stopping one
record.py            the only writer of a status         record_status.py  what a state tells it
resolve_settings.py  from the record to everything the state machine's requests need
lease.py             one deployment a service at a time
endpoint.py          waiting for an endpoint, and proving that it is what was deployed
close_build.py       what an execution's end means for its record
announce.py          the outbox to the notification topic
"""
