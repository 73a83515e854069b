"""Published data sets brought to disk: downloaded, checked, unpacked."""

from seldbench.fetching.sets import PARTS, fetch, fetch_publication

__all__ = ["PARTS", "fetch", "fetch_publication"]
