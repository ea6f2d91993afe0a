"""Who may do what, what is confirmed first, what a conversation remembers, and what is written down of it.

permissions.py    a person's role against an intent's: default deny         <- open this first
confirmations.py  which commands are asked about first, and the question
memory.py         the build spoken of, the last refusal, the pending confirmation
audit.py          the entry of each command that changes anything
"""
