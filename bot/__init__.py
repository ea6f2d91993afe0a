"""What can be said, what is answered, on which channel.

intents/     what can be asked: the catalogue and its sentences                  <- open this first
language/    from text to intent and slots: numbers, matching, spelling repair, "did you mean"
access/      who may do what, limits, confirmations, the memory of a conversation, the audit entry
handlers/    one function an intent: (Request, Ports, Memory) -> Reply; errors as replies
replies.py   Reply, Fact, Table, Choice: content with units, without the markup of any channel
pictures.py  pictures as files, from a reply's numbers
wiring.py    Bot: an utterance in, a reply out, on any channel
console/     the terminal channel          inbox/   the channel of messages
slack/       the Slack channel             up.py    the channels over HTTP, on one's own machine
cli.py       the command `sagebuild`       functions.json  the channels' Lambdas

Imports go down this list only: `cli` over the channels over `wiring` over `handlers` over `access` over `language`
over `intents` over `replies`. Channels do not import each other.
"""
