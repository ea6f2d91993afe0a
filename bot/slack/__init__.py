"""The Slack channel. README.md connects a workspace; this is where things are.

Acknowledged within Slack's three seconds, without boto3:
gateway.py    an HTTP request checked: size, signature, age, form             <- open this first
ack.py        the Bolt app: one FIFO message a request, forms opened with a loading view
incoming.py   Slack's payloads as Incoming, and as the queue's JSON            openings.py  the views of the ack
form_rules.py what a form's fields must hold       sealed.py  what buttons carry     config.py  settings, fail closed
ack_entry.py  the Lambda behind API Gateway

Done by the worker, in order within a thread:
worker.py     one piece of work, once: which of the following it is for    desk.py  what they work with, and answer by
talking.py    what was said, and choices pressed    deciding.py  approve, reject, stop and the like, by button
forms.py      the training and tuning forms         uploads.py   a CSV file to a dataset      home.py  App Home
live.py       the one live message a build, and who is told of its end; live_view.py  how it looks
render.py     Reply to Block Kit; blocks.py its small parts; limits.py Slack's limits, checked on what is sent
client.py     the Web API with its errors as ours                              plain.py  Slack's markup to text
drawing.py    an answer's picture      notices.py  notifications as work     batches.py  what failed comes again
worker_entry.py, notices_entry.py, pictures_entry.py  the Lambdas on the queues and on the topic (../functions.json)

On one's own machine: local_queue.py the queue as a file, http.py and serving.py `sagebuild up`.
manifest.py   the app's manifest, made from the catalogue
"""
