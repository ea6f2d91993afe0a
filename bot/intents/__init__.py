"""What can be asked.

catalog.py   every intent: purpose, slots, tier, role, help, examples, confirmation     <- open this first
kinds.py     what an entry is made of; the entries are in building.py, following.py, producing.py, knowing.py
request.py   Utterance (text in) and Request (an understood command, whoever understood it)
en-US/       the sentences in hassil's format, one file an intent; files that begin with _ hold what several share.
             frames/ has the same requests with their parts in any order, answers/ bare answers and corrections,
             remarks/ what people say beside a command
sentences.schema.json   the form of those files

`bot/language/` reads the sentences; a channel with a recogniser of its own (Alexa) makes a Request directly.
"""
