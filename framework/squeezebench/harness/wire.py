"""Messages between a run and its solver processes: plain JSON types and numeric arrays as bytes.

A frame is the mark, the length of what follows, the length of a JSON text, that text, and the arrays' raw bytes.
Nothing in it is code: what a damaged or hostile process sends can be refused, and cannot be run.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

__all__ = ["ProtocolError", "decode", "encode", "only_arrays", "read_frame", "write_frame"]

_MARK = b"sqz1"
_LENGTH = struct.Struct("<Q")
_ARRAY = "\0array"
#: A length above this is no length: 16 GiB is more than any job's results.
_MAX_FRAME = 1 << 34


class ProtocolError(Exception):
    """What arrived is no frame."""


def encode(tree: Any) -> bytes:
    """Bytes of nested mappings, lists, numbers, texts and numeric arrays.

    Raises
    ------
    TypeError
        If something else is in it.
    """
    arrays: list[np.ndarray[Any, Any]] = []
    shapes: list[list[Any]] = []
    head = _pack(tree, arrays, shapes)
    text = json.dumps({"head": head, "arrays": shapes}, separators=(",", ":")).encode()
    return b"".join([_LENGTH.pack(len(text)), text, *(array.tobytes() for array in arrays)])


def _pack(value: Any, arrays: list[np.ndarray[Any, Any]], shapes: list[list[Any]]) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biufc":
            raise TypeError(f"an array of {value.dtype} cannot be sent")
        array = value.astype(value.dtype.newbyteorder("<"), copy=False)
        arrays.append(array)
        shapes.append([array.dtype.str, list(array.shape)])
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, Mapping):
        return {str(key): _pack(item, arrays, shapes) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(item, arrays, shapes) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{type(value).__name__} cannot be sent")


def decode(data: bytes) -> Any:
    """What `encode` was given, with tuples as lists.

    Raises
    ------
    ProtocolError
        If the bytes are no message.
    """
    try:
        (length,) = _LENGTH.unpack_from(data)
        message = json.loads(data[_LENGTH.size : _LENGTH.size + length])
        offset = _LENGTH.size + length
        arrays = []
        for kind, shape in message["arrays"]:
            dtype = np.dtype(str(kind))
            if dtype.kind not in "biufc":
                raise ValueError(f"an array of {dtype} is not read")
            array = np.frombuffer(data, dtype, count=int(np.prod(shape, dtype=np.int64)), offset=offset)
            offset += array.nbytes
            arrays.append(array.reshape(shape).copy())
        return _unpack(message["head"], arrays)
    except (struct.error, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise ProtocolError(f"{type(error).__name__}: {error}") from error


def _unpack(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_ARRAY}:
            return arrays[value[_ARRAY]]
        return {key: _unpack(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    return value


def write_frame(stream: IO[bytes], data: bytes) -> None:
    """Write one frame and flush."""
    stream.write(_MARK + _LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Next frame; None at the end of the stream.

    Raises
    ------
    ProtocolError
        If what arrives is no frame, or ends in the middle of one.
    """
    head = stream.read(len(_MARK) + _LENGTH.size)
    if not head:
        return None
    if len(head) < len(_MARK) + _LENGTH.size or not head.startswith(_MARK):
        raise ProtocolError("no frame begins here")
    (length,) = _LENGTH.unpack_from(head, len(_MARK))
    if length > _MAX_FRAME:
        raise ProtocolError(f"a frame of {length} bytes is too long")
    data = stream.read(length)
    if len(data) < length:
        raise ProtocolError("the stream ended within a frame")
    return data


def only_arrays(tree: Any) -> dict[str, Any]:
    """What a store keeps of a solver's extras: nested mappings of numeric arrays; the rest is left out."""
    kept: dict[str, Any] = {}
    for key, value in tree.items() if isinstance(tree, Mapping) else ():
        if isinstance(value, Mapping):
            kept[str(key)] = only_arrays(value)
            continue
        try:
            array = np.asarray(value)
        except Exception:  # an object of the plugin's own, whose conversion fails in a way of its own
            continue
        if array.dtype.kind in "biufc":
            kept[str(key)] = array
    return kept
