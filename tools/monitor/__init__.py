"""`make monitor`: `log` understands a board's lines, `view`, `curve` and `chart` show them, `files`
keeps them, `command` is the program."""
