"""Which files an agent takes beside a message, and which it does not."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk.errors import UsageError
from copilot_sdk.synaps._images import image_kind, image_size
from copilot_sdk.synaps.attachments import MEBIBYTE, MOST_TEXT_BYTES, load_all, named
from copilot_sdk.synaps.types import Attachment


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x06\0\0\0"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height)


def jpeg(width: int, height: int) -> bytes:
    notes = (
        b"\xff\xe0" + struct.pack(">H", 6) + b"JFIF" + b"\xff\xff\xe1" + struct.pack(">H", 4) + b"\xc0\xc0"
    )
    return b"\xff\xd8\xff\x01" + notes + b"\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 3)


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + body


def lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width | 0x4000, height))


def lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))


def extended(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", b"\0\0\0\0" + size)


IMAGES = [png, gif, jpeg, lossy, lossless, extended]


def written(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


@pytest.mark.parametrize("make", IMAGES)
def test_the_size_of_an_image_is_read_off_its_beginning(make: Callable[[int, int], bytes]) -> None:
    assert image_size(make(640, 481)) == (640, 481)


@given(st.sampled_from([image(7, 9)[:12] for image in IMAGES]), st.binary(max_size=60))
def test_a_damaged_image_has_no_size_and_breaks_nothing(begin: bytes, rest: bytes) -> None:
    size = image_size(begin + rest)
    assert size is None or len(size) == 2
    assert image_size(rest) is None or image_kind(rest) is not None


def test_what_a_file_is_its_content_tells(tmp_path: Path) -> None:
    paths = [
        written(tmp_path, "a.txt", png(2, 2)),
        written(tmp_path, "b", b"%PDF-1.7 ..."),
        written(tmp_path, "c.png", "grüße".encode()),
        written(tmp_path, "d", b""),
    ]
    loaded = load_all(paths)
    assert [(file.kind, file.media_type) for file in loaded] == [
        ("image", "image/png"), ("document", "application/pdf"), ("text", "text/plain"), ("text", "text/plain"),
    ]  # fmt: skip
    assert loaded[2].data.decode() == "grüße"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (png(8001, 1), "8000 pixels a side, not 8001 x 1"),
        (png(1, 1)[:20], "damaged"),
        (png(1, 1) + bytes(4 * MEBIBYTE), "an image may have 3670016 bytes"),
        (b"%PDF-" + bytes(10 * MEBIBYTE), "a PDF may have 10485760 bytes"),
        (b"x" * (MOST_TEXT_BYTES + 1), "a text may have 262144 bytes"),
        (b"\xff\xfe", "neither PNG"),
        (b"a\0b", "neither PNG"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_agent_does_not_take_is_named(tmp_path: Path, data: bytes, problem: str) -> None:
    fine, bad = written(tmp_path, "fine.txt", b"x"), written(tmp_path, "bad.bin", data)
    with pytest.raises(UsageError, match=rf"attachments\[1\]: bad.bin.*{problem}"):
        load_all([fine, bad])


def test_what_is_as_large_as_may_be_is_taken(tmp_path: Path) -> None:
    image = png(8000, 8000)
    sizes = [
        image + bytes(3 * MEBIBYTE + 512 * 1024 - len(image)),
        b"%PDF-" + bytes(10 * MEBIBYTE - 5),
        b"x" * MOST_TEXT_BYTES,
    ]
    paths = [written(tmp_path, f"{index}", data) for index, data in enumerate(sizes)]
    assert [len(file.data) for file in load_all(paths)] == list(map(len, sizes))


def test_the_files_of_a_message_have_a_limit_together(tmp_path: Path) -> None:
    pdf = written(tmp_path, "a.pdf", b"%PDF-" + bytes(8 * MEBIBYTE))
    with pytest.raises(
        UsageError, match=r"attachments\[1\]: a.pdf: the files of a message may have 15728640"
    ):
        load_all([pdf, pdf])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"attachments\[0\]: gone cannot be read: No such file"):
        load_all([str(tmp_path / "gone")])
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(
            UsageError, match=rf"^attachments\[0\]: {path.name} cannot be read: it is no file"
        ):
            load_all([str(path)])


def test_paths_are_made_absolute_and_may_not_lead_up() -> None:
    assert named(["a.txt", Path("b")])[0] == Attachment(path=str(Path("a.txt").absolute()))
    with pytest.raises(UsageError, match=r"attachments\[1\] has to be the path of a file, not 5"):
        named(["a.txt", 5])  # type: ignore[list-item]
    for path in ("../a", Attachment(path="a.txt"), Attachment(path="/a/../b")):
        with pytest.raises(UsageError, match=r"attachments\[0\]: the path has to be absolute and without"):
            named([path])
