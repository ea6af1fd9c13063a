"""The records that the tests in this folder share: written by tests/tests/filter/history.rs, one JSON object a line."""

import json


class Record:
    """A record, what the filter makes of it when it is alone, and the tag in that ("" for none)."""

    def __init__(self, line):
        values = json.loads(line)
        self.name = values["name"]
        self.raw = bytes.fromhex(values["record"])
        # None where the filter cannot be asked: its strings end at a NUL.
        self.tagged = bytes.fromhex(values["tagged"]) if values["tagged"] is not None else None
        self.tag = values["tag"]


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [Record(line) for line in lines]
