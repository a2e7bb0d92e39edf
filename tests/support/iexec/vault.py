"""The ciphers of iExec's pre- and post-compute: AES-256-CBC with the IV in front, RSA PKCS#1 v1.5 for the key.

Formats: iExecBlockchainComputing/tee-worker-compute-rust, dataset.rs and encryption.rs.
"""

from __future__ import annotations

import base64
import io
import os
import zipfile
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def decrypt(data: bytes, key: str) -> bytes:
    """Return the content of an encrypted dataset; `key` is in base64. Raises `ValueError` if it does not fit."""
    decryptor = Cipher(algorithms.AES256(base64.b64decode(key)), modes.CBC(data[:16])).decryptor()
    padded = decryptor.update(data[16:]) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of `files`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def encrypt_result(archive: bytes, public_key: str) -> bytes:
    """Return the outer zip of an encrypted result; `public_key` is a PEM in base64, as the SMS keeps it."""
    key, iv = os.urandom(32), os.urandom(16)
    padder = PKCS7(128).padder()
    padded = padder.update(archive) + padder.finalize()
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
    sealed = iv + encryptor.update(padded) + encryptor.finalize()
    beneficiary = load_pem_public_key(base64.b64decode(public_key))
    assert isinstance(beneficiary, RSAPublicKey)
    return pack({"iexec_out.zip.aes": sealed, "aes-key.rsa": beneficiary.encrypt(key, rsa_padding.PKCS1v15())})
