"""The page that runs the library in a browser: its sources and its build."""
