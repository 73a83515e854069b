"""Published data sets brought to disk: downloaded, checked, unpacked."""

from seldbench.fetching.sets import fetch, fetch_publication

__all__ = ["fetch", "fetch_publication"]
