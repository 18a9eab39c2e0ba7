"""The patience that tests have with a chip."""

SLOW = 300  # seconds that an emulator on a busy host may need for work that takes a board 30
