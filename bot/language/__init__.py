"""From what somebody wrote to an intent with slots. Nothing here knows people, builds or channels.

parse.py      Language.parse: the whole pipeline                              <- open this first
normalise.py  case, contractions, politeness, mentions, length
tokens.py     text to words and numbers as written
numbers.py    number words, fractions and powers of ten to numbers
grammar.py    the sentences of bot/intents/en-US with those names, compiled once
names.py      the names in models/catalog.py, in every spelling
matcher.py    words to an intent and what it captured, by hassil
slots.py      what was captured to slots
repair.py     misspelt words        suggest.py   the nearest sentences, for "did you mean"
"""
