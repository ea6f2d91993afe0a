"""The terminal channel.

terminal.py   a person at a keyboard: history, a live line a build under the prompt         <- open this first
completing.py completion of sentences and words            tracker.py   the thread that follows the builds
piped.py      a script: one utterance a line, replies printed or as JSON
waiting.py    "tell me when it is done": waiting for a build, with a live line where there is a terminal
render.py     Reply to text, tables and colours            plotting.py  pictures in characters, and saved
speaker.py    who talks, in which conversation
"""
