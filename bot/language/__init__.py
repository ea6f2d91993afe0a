"""From what somebody wrote to an intent with slots. Nothing here knows people, builds or channels.

parse.py      Language.parse, .fill, .amend: the whole pipeline              <- open this first
normalise.py  case, contractions, spelling variants, mentions, length
tokens.py     text to words and numbers as written
numbers.py    number words, fractions and powers of ten to numbers; units.py: percentages and durations
filler.py     words that mean nothing; clauses.py: remarks beside a command
grammar.py    the sentences of bot/intents/en-US, compiled once, by compiling.py into nodes.py
names.py      the names in models/catalog.py, in every spelling; settings.py: those of the environment's settings
automaton.py  which sentences a text may be; reading.py: what one of them captures from it
matcher.py    tokens to intents with slots, by these two
slots.py      what was captured to slots; hyperparameters.py: names and values put together
followup.py   answers to a question, corrections of a command
repair.py     misspelt words        suggest.py   the nearest sentences, for "did you mean"
"""
