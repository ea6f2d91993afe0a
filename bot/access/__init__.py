"""Who may do what, what is confirmed first, what a conversation remembers, and what is written down of it.

permissions.py    a person's role, environments and models against a command: default deny         <- open this first
confirmations.py  which commands are asked about first, and the question
limits.py         commands a minute of a person, an environment's money of a day
memory.py         the build spoken of, questions and confirmations that wait, what a person chose from now on
audit.py          the entry of each command that changes anything
matrix.py         role by intent as a table, for README.md
"""
