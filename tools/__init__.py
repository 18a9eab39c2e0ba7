"""The commands that a person runs on a computer, and what they share.

`python -m tools COMMAND` runs a module of this folder. The folders hold what the commands are made
of: `host` what they share, `onboard` what they send to a board, `monitor`, `pictures`, `kernelc`.
"""
