from __future__ import annotations

import base64
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.prompts import Image, image
from respan_lab.prompts.image import MAX_BYTES

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 8
FORMATS = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 8,
    "image/gif": b"GIF89a" + b"\0" * 8,
    "image/webp": b"RIFF\0\0\0\0WEBPVP8 ",
}


class Picture:
    """Saves as PIL's images do."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content

    def save(self, file, format):
        if self.content is None:
            raise OSError(f"cannot write mode F as {format}")
        file.write(self.content)


@pytest.mark.parametrize(("media_type", "content"), FORMATS.items())
def test_the_format_is_told_by_the_first_bytes(media_type, content, tmp_path):
    path = tmp_path / "picture.txt"
    path.write_bytes(content)
    expected = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    for source in (content, bytearray(content), memoryview(content), path, str(path)):
        assert image(source).url == expected


@given(st.binary(max_size=200))
def test_a_data_url_holds_the_bytes(tail):
    url = image(PNG + tail).url
    assert base64.b64decode(url.partition(",")[2]) == PNG + tail


@pytest.mark.parametrize(
    "url", ["http://e.org/a.png", "HTTPS://e.org/a", "data:image/png;base64,A"]
)
def test_urls_are_passed_on(url):
    assert image(url).url == url
    assert image(url).part() == {"type": "image_url", "image_url": {"url": url}}


def test_a_pil_image_is_sent_as_png():
    assert image(Picture(PNG)).url.startswith("data:image/png;base64,")
    with pytest.raises(ConfigError, match="cannot be written as PNG"):
        image(Picture(None))


def test_an_image_is_its_own_image():
    picture = image(PNG)
    assert image(picture) is picture


def test_images_are_values():
    assert image(PNG) == image(PNG) == pickle.loads(pickle.dumps(image(PNG)))
    assert len({image(PNG), image(PNG)}) == 1
    assert isinstance(image(PNG), Image)


def test_the_repr_is_short(tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    assert repr(image(path)) == "<image cat.png, image/png, 16 bytes>"
    assert len(repr(image("data:image/png;base64," + "A" * 9999))) < 100
    assert len(repr(image("https://e.org/" + "a" * 9999))) < 100


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"%PDF-1.7", "not PNG, JPEG, GIF or WebP"),
        ("no/such/file.png", "cannot be read"),
        ("data:text/html,hi", "not a picture's data URL"),
        ("data:image/png", "not a picture's data URL"),
        ("nul\0byte", "cannot be read"),
        (3, "'int'"),
        (None, "'NoneType'"),
    ],
)
def test_what_is_no_picture_is_explained(source, says):
    with pytest.raises(ConfigError, match=says):
        image(source)


def test_a_picture_that_is_too_large_is_refused(tmp_path):
    path = tmp_path / "big.png"
    with path.open("wb") as file:
        file.write(PNG)
        file.truncate(MAX_BYTES + 1)
    for source in (
        path,
        PNG + b"\0" * MAX_BYTES,
        "data:image/png;base64," + "A" * (MAX_BYTES * 2),
    ):
        with pytest.raises(ConfigError, match="at most"):
            image(source)
