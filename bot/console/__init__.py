"""The terminal channel.

terminal.py   a person at a keyboard: history, completion, a live line under the prompt      <- open this first
piped.py      a script: one utterance a line, replies printed or as JSON
waiting.py    "tell me when it is done": waiting for a build, with a live line where there is a terminal
render.py     Reply to text, tables and colours
speaker.py    who talks, in which conversation
"""
