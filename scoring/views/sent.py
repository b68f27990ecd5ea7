"""What was sent with a page, as a file for as long as it is read."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile


@contextmanager
def kept_file(sent: UploadedFile[Any]) -> Iterator[Path]:
    """What was sent, as a file for as long as it is read."""
    with ExitStack() as stack:
        if hasattr(sent, "temporary_file_path"):
            yield Path(sent.temporary_file_path())
            return
        file = stack.enter_context(tempfile.NamedTemporaryFile())
        for chunk in sent.chunks():
            file.write(chunk)
        file.flush()
        yield Path(file.name)
