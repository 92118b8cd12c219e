"""The sealed folder: data, never code. Every byte is accounted for, or it does not load."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from fengkong.domain.errors import BundleError, FacilityError
from fengkong.scoring.manifest import GRAPH, MANIFEST, NGRAMS, OPTIONAL_FILES, Manifest
from fengkong.text.cleaning import CLEANING_VERSION

__all__ = ["Bundle", "seal"]

_KEPT = frozenset({GRAPH, "tokenizer.json", NGRAMS})
_LARGEST_MANIFEST = 16 << 20
_BLOCK = 1 << 20
_CURE = "restore the bundle or export the model again"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle. What it serves are the very bytes that were hashed, not a second reading of the files.

    id: "sha256:" and 64 hex digits over the manifest, hence over every file.
    model, tokenizer, ngrams: the files of those names; empty where the manifest's blend has no such part.
    """

    path: Path
    manifest: Manifest
    model: bytes = field(repr=False)
    tokenizer: bytes = field(repr=False)
    ngrams: bytes = field(default=b"", repr=False)

    @property
    def id(self) -> str:
        """The name by which signals and records cite this bundle."""
        return f"sha256:{self.manifest.digest}"

    @classmethod
    def load(cls, path: str | Path) -> "Bundle":
        """The bundle in that folder, each file read once and checked against the manifest.

        Raises BundleError, naming the part, when anything is missing, changed, unknown, linked or of another
        version, and FacilityError when a file can't be read.
        """
        folder = Path(path)
        with _opened(folder) as root:
            present = set(_plain_files(root, folder))
            if MANIFEST not in present:
                raise BundleError("the bundle has no manifest", where=str(folder), cure="it was never sealed; seal it")
            manifest = Manifest.from_json(_manifest_bytes(root, folder), str(folder / MANIFEST))
            _check_version(manifest, folder)
            _check_names(present - {MANIFEST}, set(manifest.files), manifest, folder)
            kept = {name: _verified(root, folder, name, manifest.files[name]) for name in sorted(manifest.files)}
        return cls(folder, manifest, *(kept.get(name, b"") for name in (GRAPH, "tokenizer.json", NGRAMS)))


def seal(folder: str | Path, manifest: Manifest) -> Manifest:
    """Hash what lies in the folder, write its manifest last and atomically, and return it with the hashes.

    `manifest.files` is ignored. Until the manifest is in place the folder isn't a bundle and does not load; all
    files are on the disk before it is. Raises BundleError for a missing or unknown file or a folder that is
    sealed already, and FacilityError when the disk is full or fails.
    """
    folder = Path(folder)
    with _opened(folder) as root:
        present = set(_plain_files(root, folder))
        if MANIFEST in present:
            raise BundleError("the bundle is sealed already", where=str(folder), cure="seal a new folder")
        _check_names(present, present & (manifest.required_files | OPTIONAL_FILES), manifest, folder)
        files = {name: _digest(root, folder, name, sync=True)[0] for name in sorted(present)}
        # Built anew rather than copied, so that it is validated as a whole.
        sealed = Manifest.model_validate({**manifest.model_dump(), "files": files})
        _write_manifest(root, folder, sealed.to_json())
    return sealed


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """The folder as a descriptor: what is opened relative to it can't be swapped for another folder's files."""
    try:
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        raise BundleError("there is no bundle folder", where=str(folder), cure="check the path") from None
    except OSError as error:
        raise _facility(error, folder) from error
    try:
        yield root
    finally:
        os.close(root)


def _plain_files(root: int, folder: Path) -> Iterator[str]:
    with os.scandir(root) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_file(follow_symlinks=False):
                kind = "a link" if entry.is_symlink() else "a folder" if entry.is_dir() else "not a plain file"
                raise BundleError(
                    f"{entry.name!r} is {kind}, and a bundle holds plain files only",
                    where=str(folder),
                    cure="remove it, or export the model again",
                )
            yield entry.name


def _check_version(manifest: Manifest, folder: Path) -> None:
    if manifest.cleaning != CLEANING_VERSION:
        raise BundleError(
            "the model was trained behind another version of the text cleaning",
            where=str(folder),
            received=f"cleaning {manifest.cleaning!r}",
            cure=f"this version cleans as {CLEANING_VERSION!r}; train again with it or install the version that fits",
        )


def _check_names(present: set[str], listed: set[str], manifest: Manifest, folder: Path) -> None:
    if unknown := present - listed:
        raise BundleError(
            f"{min(unknown)!r} is unknown", where=str(folder), cure="a bundle holds nothing unlisted; remove it"
        )
    if missing := (listed | manifest.required_files) - present:
        raise BundleError(f"{min(missing)!r} is missing", where=str(folder), cure=_CURE)


def _verified(root: int, folder: Path, name: str, expected: str) -> bytes:
    found, data = _digest(root, folder, name)
    if found != expected:
        raise BundleError(f"{name!r} was changed or cut short after it was sealed", where=str(folder), cure=_CURE)
    return data


def _digest(root: int, folder: Path, name: str, *, sync: bool = False) -> tuple[str, bytes]:
    """The sha256 of a file, and its bytes where they are served."""
    sha256, kept = hashlib.sha256(), bytearray()
    with _failures(folder / name):
        file = _open(root, folder, name)
        try:
            while block := os.read(file, _BLOCK):
                sha256.update(block)
                if name in _KEPT:
                    kept += block
            if sync:
                os.fsync(file)
        finally:
            os.close(file)
    return sha256.hexdigest(), bytes(kept)


def _manifest_bytes(root: int, folder: Path) -> bytes:
    with _failures(folder / MANIFEST):
        file = _open(root, folder, MANIFEST)
        try:
            if os.fstat(file).st_size > _LARGEST_MANIFEST:
                raise BundleError("the manifest is too large to be one", where=str(folder / MANIFEST), cure=_CURE)
            return os.read(file, _LARGEST_MANIFEST)
        finally:
            os.close(file)


def _open(root: int, folder: Path, name: str) -> int:
    """A plain file, opened without following a link or waiting for a pipe that took its place meanwhile."""
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=root)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise BundleError(f"{name!r} is not a plain file", where=str(folder), cure=_CURE)
    return file


def _write_manifest(root: int, folder: Path, data: bytes) -> None:
    temporary = f".{MANIFEST}.{os.getpid()}"
    with _failures(folder / MANIFEST):
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=root)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.rename(temporary, MANIFEST, src_dir_fd=root, dst_dir_fd=root)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=root)
            raise
        os.fsync(root)


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOENT):
            raise BundleError(f"{path.name!r} was swapped while it was read", where=str(path.parent)) from error
        raise _facility(error, path) from error


def _facility(error: OSError, path: Path) -> FacilityError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return FacilityError(
        "the disk is full" if full else "a bundle file can't be read or written",
        where=str(path),
        received=os.strerror(error.errno) if error.errno else type(error).__name__,
        cure="free some space and seal again" if full else "check the disk and the permissions",
    )
