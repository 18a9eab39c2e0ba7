"""What pytest.raises does, for tests that also run under MicroPython."""


def raises(kind, function, *arguments, **options):
    """Assert that the call raises an exception of this kind, and return its message."""
    try:
        function(*arguments, **options)
    except kind as error:
        return str(error)
    raise AssertionError(f"{kind.__name__} was not raised")
