"""schtag.wasm in Python: the calls that Fluent Bit makes, through wasmtime (pip install wasmtime)."""

import wasmtime


class Schtag:
    """The filter, compiled once. Not for several threads at once: one for each process is right.

    With `remembers` one instance sees all records, and rules over several events work; that needs records in
    their order and with their times. Without it each record is by itself.
    """

    def __init__(self, path, remembers=False):
        config = wasmtime.Config()
        config.cache = True
        self._engine = wasmtime.Engine(config)
        self._module = wasmtime.Module.from_file(self._engine, path)
        self._remembers = remembers
        self._start()

    def _start(self):
        self._store = wasmtime.Store(self._engine)
        # Its memory is bounded by the record's size; this bounds what a record of absurd size may take.
        self._store.set_limits(memory_size=1 << 30)
        exports = wasmtime.Instance(self._store, self._module, []).exports(self._store)
        self._memory = exports["memory"]
        self._malloc, self._free = exports["malloc"], exports["free"]
        self._filter = exports["schtag_filter"]

    def filter(self, record, seconds=0):
        """What becomes of a record: bytes of JSON in, bytes of JSON out, the same where there is nothing to say.

        `seconds` is the record's time (Unix), which matters to exceptions that end on a day.
        Raises wasmtime.WasmtimeError or wasmtime.Trap when the guest fails; the next call has a new instance.
        """
        if b"\0" in record:
            raise ValueError("a record with a NUL cannot be passed: the filter's strings end at one")
        if not self._remembers:
            self._start()
        try:
            return self._call(record, seconds)
        except Exception:
            self._start()
            raise

    def _call(self, record, seconds):
        tag_copy = self._copy_in(b"")
        record_copy = self._copy_in(record)
        reply = self._filter(self._store, tag_copy, 0, seconds, 0, record_copy, len(record))
        # Equal addresses mean that the record is to stay as it is.
        result = record if reply == record_copy else self._string_at(reply & 0xFFFFFFFF)
        self._free(self._store, tag_copy)
        self._free(self._store, record_copy)
        return result

    def _copy_in(self, data):
        address = self._malloc(self._store, len(data) + 1)
        if address == 0:
            raise MemoryError(f"the filter has no room for {len(data)} bytes")
        self._memory.write(self._store, data + b"\0", address & 0xFFFFFFFF)
        return address

    def _string_at(self, address):
        # The memory may have grown during the call, so no view of it is kept: each read asks for it anew.
        parts, size = [], self._memory.data_len(self._store)
        while address < size:
            part = bytes(self._memory.read(self._store, address, min(address + 65536, size)))
            end = part.find(b"\0")
            if end >= 0:
                return b"".join(parts) + part[:end]
            parts.append(part)
            address += len(part)
        raise ValueError("the filter's reply has no end")


_filters = {}


def of_process(path):
    """The filter of this process: compiling the module takes seconds, so it is done once."""
    if path not in _filters:
        _filters[path] = Schtag(path)
    return _filters[path]
