"""``walkme-tui cache clear``: delete the local copies; the next start reads the account again."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.streams import print_lines
from walkme_tui.domain.errors import ConfigurationError, MirrorUnavailable
from walkme_tui.domain.text import clean, printable_json
from walkme_tui.session import MIRROR_FILES, folder_name
from walkme_tui.store.file_system import folder_lock


def run(options: argparse.Namespace) -> int:
    """Delete the local copies of ``--profile``, or of all profiles; other files in the folder are kept."""
    context = Context.of(options)
    if context.options.demo:
        raise ConfigurationError("The demo account keeps no local copy.", hint="Leave out --demo.")
    deleted: list[Path] = []
    for folder, pattern in _mirror_patterns(context):
        deleted += _delete(folder, pattern)
    if context.options.json:
        print_lines([printable_json({"deleted": [str(file) for file in deleted]}, indent=2)])
    elif deleted:
        print_lines(["Deleted:", *(f"  {clean(str(file))}" for file in deleted)])
    else:
        print_lines(["There was no local copy."])
    return ExitCode.DONE


def _mirror_patterns(context: Context) -> Iterator[tuple[Path, str]]:
    """Folders, each with the pattern of the databases in it."""
    cache = context.paths.cache
    name = context.options.profile
    folders = _folders_in(cache) if name is None else [cache / folder_name(name)]
    for folder in folders:
        for file in MIRROR_FILES.values():
            yield folder, f"{file}*"
    runtime = context.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        # Used instead of a cache folder on a network drive. The names do not contain the profile, so all are deleted.
        for file in MIRROR_FILES.values():
            stem, _, suffix = file.partition(".")
            yield Path(runtime) / "walkme-tui", f"{stem}-*.{suffix}*"


def _folders_in(cache: Path) -> list[Path]:
    try:
        return sorted(cache.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise MirrorUnavailable(f"The folder {clean(str(cache))} cannot be read: {error.strerror}.") from error


def _delete(folder: Path, pattern: str) -> list[Path]:
    try:
        if not folder.is_dir() or folder.is_symlink():
            return []
        with folder_lock(folder):
            files = sorted(file for file in folder.glob(pattern) if file.is_file() or file.is_symlink())
            for file in files:
                file.unlink(missing_ok=True)
    except OSError as error:
        raise MirrorUnavailable(f"A local copy in {clean(str(folder))} cannot be deleted: {error.strerror}.") from error
    return files
