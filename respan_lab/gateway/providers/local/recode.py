"""Re-encoding a model file with less precision, so that there are two to compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["recode", "versions"]


def versions() -> dict[str, str]:
    """Give the versions of what a re-encoded file depends on.

    Raises:
        ConfigError: The extra `local` is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {name: version(name) for name in ("gguf", "numpy")}
    except PackageNotFoundError as error:
        raise ConfigError(
            f"re-encoding a model takes {error.name}, which is not installed: "
            'pip install "respan-lab[local]"'
        ) from None


def recode(source: Path, target: Path) -> None:
    """Write a copy of a Q4_1 model whose Q4_1 tensors are Q4_0.

    The metadata is copied as it is, the name of the old encoding in it included, so
    that equal tools make equal files. A second lossy step: answers get worse.

    Args:
        source: A GGUF file.
        target: The file to write.

    Raises:
        ConfigError: The extra `local` is not installed.
    """
    versions()
    from gguf import GGUFReader, GGUFWriter

    reader = GGUFReader(source)
    writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
    _copy_metadata(reader, writer)
    for name, data, encoding in _tensors(reader):
        writer.add_tensor(name, data, raw_dtype=encoding)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _copy_metadata(reader: Any, writer: Any) -> None:
    from gguf import GGUFValueType

    for key, field in reader.fields.items():
        # The writer writes these by itself.
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        is_list = field.types[0] == GGUFValueType.ARRAY
        inner = field.types[-1] if is_list else None
        writer.add_key_value(key, field.contents(), field.types[0], inner)


def _tensors(reader: Any) -> Iterator[tuple[str, Any, Any]]:
    from gguf import GGMLQuantizationType as Encoding
    from gguf.quants import dequantize, quantize

    for tensor in reader.tensors:
        if tensor.tensor_type != Encoding.Q4_1:
            yield tensor.name, tensor.data, tensor.tensor_type
            continue
        values = dequantize(tensor.data, Encoding.Q4_1)
        yield tensor.name, quantize(values, Encoding.Q4_0), Encoding.Q4_0
