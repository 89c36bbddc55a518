"""Uploaded bytes on disk, sealed (`crm.fields.files`) under this app's own label."""

from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError
from crm.fields.files import NONCE, PIECE, TAG, SealedFiles

__all__ = ["FOLDER", "LABEL", "NONCE", "PIECE", "TAG", "UploadGone", "key_id_of", "load", "names_older_than", "remove", "store"]

FOLDER = "imports"
LABEL = "transactions.fileimport.content"


class UploadGone(DomainError):
    """The sealed bytes are not there any more, or were changed."""

    code = "upload_gone"
    message = _("The uploaded file has been removed. Upload it again.")


_files = SealedFiles(FOLDER, LABEL, UploadGone)
_path = _files.path
store, load, remove = _files.store, _files.load, _files.remove
key_id_of, names_older_than = _files.key_id_of, _files.names_older_than
