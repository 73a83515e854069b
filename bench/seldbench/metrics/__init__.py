"""The field's metrics: pure functions over numpy columns, without torch or pandas."""

VERSION = 1  # rises when any score of the same files changes; scores of two versions do not compare
