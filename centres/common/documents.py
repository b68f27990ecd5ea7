"""Files that people send us as proof: what is taken, and how it is kept unreadable."""

import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError
from centres.common.identity import derived_key

LARGEST = 5 * 1024 * 1024
# A file is what its first bytes say, whatever its name says.
_BEGINNINGS = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)
_VERSION = b"\x01"


class DocumentTooLarge(DomainError):
    code = "document_too_large"
    status = 413
    sentence = _(
        "The file is larger than 5 MB. Photograph the paper again with fewer megapixels, or save "
        "the PDF smaller."
    )


class DocumentWrong(DomainError):
    code = "document_wrong"
    status = 422
    sentence = _("Only a PDF, a JPEG or a PNG is taken. A photograph of the paper will do.")


def document_type(content: bytes) -> str:
    """The media type of a file we take. Raises DocumentTooLarge or DocumentWrong."""
    if len(content) > LARGEST:
        raise DocumentTooLarge
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    raise DocumentWrong


def seal_bytes(content: bytes) -> bytes:
    """Encrypt: 1 byte version, 12 bytes nonce, AES-256-GCM under a key for documents alone."""
    nonce = secrets.token_bytes(12)
    cipher = AESGCM(derived_key("documents"))
    return _VERSION + nonce + cipher.encrypt(nonce, content, _VERSION)


def unseal_bytes(sealed: bytes) -> bytes:
    """Decrypt what `seal_bytes` made; whoever calls this audits it."""
    if sealed[:1] != _VERSION:
        raise ValueError("not a sealed document")
    return AESGCM(derived_key("documents")).decrypt(sealed[1:13], sealed[13:], _VERSION)
