"""Libraries that are there or not."""


def import_pandas(wanted):
    """pandas, or an ImportError that names what needs it."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError(f"{wanted} needs pandas, which is not installed.") from error
    return pandas
