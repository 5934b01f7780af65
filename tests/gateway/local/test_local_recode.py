"""Re-encoding a model small enough to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize

from respan_lab.gateway.providers.local.gguf_head import read_head
from respan_lab.gateway.providers.local.recode import recode

Q4_0, Q4_1 = GGMLQuantizationType.Q4_0, GGMLQuantizationType.Q4_1
VALUES = np.linspace(-1, 1, 8 * 64, dtype=np.float32).reshape(8, 64)


def write_model(path: Path) -> None:
    writer = GGUFWriter(path, "llama")
    writer.add_string("general.name", "tiny")
    writer.add_uint32("llama.block_count", 1)
    writer.add_bool("tokenizer.ggml.add_bos_token", False)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "ä"])
    writer.add_tensor("coarse", quantize(VALUES, Q4_1), raw_dtype=Q4_1)
    writer.add_tensor("fine", VALUES)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def metadata(path: Path) -> dict[str, object]:
    fields = GGUFReader(path).fields
    return {key: field.contents() for key, field in fields.items()}


def test_only_the_encoding_of_q4_1_tensors_changes(tmp_path: Path) -> None:
    source, target = tmp_path / "source.gguf", tmp_path / "target.gguf"
    write_model(source)
    recode(source, target)
    assert metadata(target) == metadata(source)
    coarse, fine = GGUFReader(target).tensors
    assert (coarse.name, coarse.tensor_type) == ("coarse", Q4_0)
    assert np.array_equal(fine.data, VALUES)
    error = np.abs(dequantize(coarse.data, Q4_0) - VALUES)
    assert 0 < error.max() < 0.1
    assert target.stat().st_size < source.stat().st_size


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    write_model(tmp_path / "source.gguf")
    for name in ("a.gguf", "b.gguf"):
        recode(tmp_path / "source.gguf", tmp_path / name)
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()


def test_the_head_counts_tensors(tmp_path: Path) -> None:
    write_model(tmp_path / "source.gguf")
    assert read_head(tmp_path / "source.gguf").tensors == 2
