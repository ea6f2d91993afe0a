"""The channel of messages: the start topic, files that arrive, schedules. Nobody reads an answer, so nothing is asked.

deliver.py    one delivery: an order to `orchestration/steps/start_message.py`, or `{"say": "..."}` to the conversation
entry.py      the Lambda: unpacks what SNS, S3 and EventBridge deliver
"""
