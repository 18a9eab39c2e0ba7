"""What the commands share: the board and its port, the files that belong on it, firmware images."""
