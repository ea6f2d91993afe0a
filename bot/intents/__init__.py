"""What can be asked.

catalog.py   every intent: purpose, slots, tier, role, help, examples, confirmation     <- open this first
request.py   Utterance (text in) and Request (an understood command, whoever understood it)
en-US/       the sentences in hassil's format, one file an intent; common.yaml has the rules and lists that they share

`bot/language/` reads the sentences; a channel with a recogniser of its own (Alexa) makes a Request directly.
"""
