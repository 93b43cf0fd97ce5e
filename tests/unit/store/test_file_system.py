"""Network file systems are recognized, and files are private."""

from pathlib import Path

import pytest

from walkme_tui.store.file_system import file_system, is_network, lies_on_network, make_private_file

MOUNTS = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:25 / /home rw,relatime shared:12 - nfs4 server:/home rw,vers=4.2
31 30 0:26 / /home/ann/local rw - xfs /dev/vdb rw
32 22 0:27 / /mnt/with\\040blank rw - fuse.sshfs me@host: rw
33 22 0:28 / /mnt/hidden rw - ext4 /dev/vdc rw
34 22 0:29 / /mnt/hidden rw - cifs //host/share rw
35 22 0:30 / /homely rw master:3 propagate_from:2 - btrfs /dev/vdd rw
broken line
36 22 0:31 / /mnt/odd rw -
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/var/cache", "ext4"),
        ("/home/bo/.cache", "nfs4"),
        ("/home/ann/local/x", "xfs"),
        ("/home/ann/locality", "nfs4"),
        ("/mnt/with blank/x", "fuse.sshfs"),
        ("/mnt/hidden", "cifs"),
        ("/homely/x", "btrfs"),
    ],
)
def test_the_innermost_and_last_mount_counts(path: str, kind: str) -> None:
    assert file_system(path, MOUNTS) == kind


def test_without_mounts_the_file_system_is_unknown() -> None:
    assert file_system("/home", "") is None
    assert not is_network(None)


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.rclone", "fuse.something", "lustre"]
)
def test_network_file_systems(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk", "apfs", "vfat"])
def test_local_file_systems(kind: str) -> None:
    assert not is_network(kind)


def test_a_missing_folder_is_judged_by_its_future_location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / {tmp_path.resolve()}/net rw - nfs x rw\n")
    monkeypatch.setattr("walkme_tui.store.file_system.MOUNTS", mounts)
    assert lies_on_network(tmp_path / "net" / "new" / "folder")
    assert not lies_on_network(tmp_path / "other")


def test_files_and_folders_are_made_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "mirror.sqlite3"
    make_private_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == path.parent.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    path.write_bytes(b"kept")
    make_private_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"kept"
