"""Data sets of the Hugging Face hub, read with our own readers: hf://owner/name or hf://owner/name/config.

Only data files are fetched; no code of a data set ever runs.
"""

import re
from collections.abc import Sequence
from glob import escape
from pathlib import Path, PurePosixPath

from fengkong.corpus.sources import SUFFIXES
from fengkong.corpus.values import SPLIT_NAMES
from fengkong.domain.errors import InputError

__all__ = ["HUB", "choose_files", "hub_files", "split_of"]

HUB = "hf://"
# A set that holds its rows in several formats is read once, in the first of these.
_PREFERRED = (".parquet", ".jsonl", ".ndjson", ".csv", ".tsv", ".json")
_NOT_DATA = ("dataset_info.json", "dataset_infos.json", "metadata.json", "state.json", "config.json")


def hub_files(source: str) -> list[tuple[Path, str]]:
    """The data files, fetched to this machine when need be, each with its path in the set.

    Raises InputError where the address is malformed, the set is missing, closed or without data files, several
    configurations are there and none is named, or the hub can't be reached and the set isn't in its cache.
    """
    parts = source.removeprefix(HUB).strip("/").split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise InputError("not a hub data set", where=source, cure="write hf://owner/name or hf://owner/name/config")
    name, config = "/".join(parts[:2]), parts[2] if len(parts) == 3 else None
    try:
        import huggingface_hub  # noqa: PLC0415 - comes with an extra, and takes half a second
    except ImportError:
        cure = "pip install 'fengkong[train]'"
        raise InputError("hub data sets need the package huggingface_hub", where=source, cure=cure) from None
    listed = _listing(name, source)

    def fetch(patterns: Sequence[str]) -> Path:
        """The folder of the set; fails where files of these patterns are known to be missing and can't be had."""
        return Path(
            huggingface_hub.snapshot_download(
                name, repo_type="dataset", allow_patterns=list(patterns), local_files_only=listed is None
            )
        )

    try:
        if listed is None:
            folder = fetch([])
            cached = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
            chosen = choose_files(cached, config, source)
            fetch(_patterns(chosen, config))
        else:
            chosen = choose_files(listed, config, source)
            folder = fetch([escape(path) for path in chosen])
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - the errors of a lost connection differ from one version to the next
        raise InputError(
            "the hub can't be reached, and the data set isn't wholly in its cache",
            where=source,
            received=type(error).__name__,
            cure="fetch it once with a connection, or give a local file",
        ) from None
    return [(folder / path, path) for path in chosen]


def _listing(name: str, source: str) -> list[str] | None:
    """All files of the set; None where the hub can't be reached."""
    import huggingface_hub  # noqa: PLC0415 - as above
    from huggingface_hub import errors  # noqa: PLC0415

    try:
        return huggingface_hub.HfApi().list_repo_files(name, repo_type="dataset")
    except errors.GatedRepoError:
        cure = "accept its terms on the hub, then run: hf auth login"
        raise InputError("the data set is closed to you", where=source, cure=cure) from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        cure = "check owner and name; for a private set run: hf auth login"
        raise InputError("the hub has no such data set", where=source, cure=cure) from None
    except Exception:  # noqa: BLE001 - as above
        return None


def _patterns(chosen: Sequence[str], config: str | None) -> list[str]:
    """All files of the chosen configuration and format, so that a download that broke off does not pass for the set."""
    kind = _kind(chosen[0])
    folders = (f"{escape(config)}/", f"data/{escape(config)}/") if config else ("",)
    return [f"{folder}*{kind}{packed}" for folder in folders for packed in ("", ".gz")]


def choose_files(listed: Sequence[str], config: str | None, source: str) -> list[str]:
    """The data files of one configuration in one format, sorted. Raises InputError as `hub_files` does."""
    data = sorted(path for path in listed if _is_data(path))
    if not data:
        cure = f"the set needs a file of {', '.join(_PREFERRED)}"
        raise InputError("the data set has no data files that can be read", where=source, cure=cure)
    configs = sorted({_config_of(path) for path in data})
    if config is not None:
        data = [path for path in data if _config_of(path) == config]
        if not data:
            raise InputError("no such configuration", where=source, cure=f"there are {_listed(configs)}")
    elif len(configs) > 1:
        cure = f"name one of {_listed(configs)}, as {source.rstrip('/')}/{next(filter(None, configs))}"
        raise InputError("the data set has several configurations", where=source, cure=cure)
    kind = next(kind for kind in _PREFERRED if any(_kind(path) == kind for path in data))
    return [path for path in data if _kind(path) == kind]


def split_of(path: str) -> str | None:
    """train, dev or test where the file's name says so, or else a folder's: data/train-00000-of-00001.parquet."""
    words = re.findall(r"[^\W\d_]+", path.casefold())
    return next((SPLIT_NAMES[word] for word in reversed(words) if word in SPLIT_NAMES), None)


def _is_data(path: str) -> bool:
    parts = PurePosixPath(path)
    hidden = any(part.startswith(".") for part in parts.parts)
    return path.lower().endswith(SUFFIXES) and not hidden and parts.name not in _NOT_DATA


def _config_of(path: str) -> str:
    """The first folder, unless it is one of data or of a split; "" for files at the top."""
    folders = [part for part in PurePosixPath(path).parts[:-1] if part != "data" and part not in SPLIT_NAMES]
    return folders[0] if folders else ""


def _kind(path: str) -> str:
    return PurePosixPath(path.lower().removesuffix(".gz")).suffix


def _listed(configs: Sequence[str]) -> str:
    return ", ".join(config or "the files at the top" for config in configs)
