"""Thumbnail of the same photograph with Pillow: pillow_thumbnail.py FILE [ROUNDS]

Needs `pip install pillow`. Decodes with the JPEG library's own scaling, as Pillow does by itself in `thumbnail`.
"""

import io
import resource
import sys
import time

from PIL import Image, features


def thumbnail(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        image.thumbnail((400, 400))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85)
        return out.getvalue()


def main() -> None:
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    spent = []
    size = 0
    for _ in range(rounds):
        before = time.process_time()
        size = len(thumbnail(data))
        spent.append((time.process_time() - before) * 1e3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    library = features.version("libjpeg_turbo")
    print(
        f"pillow (libjpeg-turbo {library}): "
        f"best {min(spent):.1f} ms, mean {sum(spent) / len(spent):.1f} ms, "
        f"{size} bytes out, {len(data)} bytes in, peak {peak} MB"
    )


if __name__ == "__main__":
    main()
