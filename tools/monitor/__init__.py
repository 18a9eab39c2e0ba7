"""`make monitor`: `log` parses the lines that a board prints, `view`, `curve` and `chart` draw
them, `files` saves them, and `command` is the program."""
