"""Lays out the image's file system: what Python and one virtual environment need to run, and nothing else.

    python3 tools/image_root.py VENV ROOT

Runs in the Dockerfile's build stage, as the Python that the environment was made with. It copies the interpreter, its
standard library, the environment, every shared library that one of these loads, and the authorities' certificates to
the same places under ROOT. There is no shell and no package manager in it. For scanners, the status of the Debian
packages that these files are of is kept in `/var/lib/dpkg/status.d/`, and their licences where Debian has them.
"""

import compileall
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from py_compile import PycInvalidationMode

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NOT_NEEDED = (
    "__pycache__", "config-*", "dist-packages", "distutils", "ensurepip", "idlelib", "lib2to3", "pydoc_data",
    "site-packages", "test", "tkinter", "turtle.py", "turtledemo", "venv",
    "_curses*", "_dbm.*", "_gdbm.*", "_tkinter.*", "nis.*", "readline.*",  # with the libraries that only they load
    "_ctypes_test*", "_test*", "_xxtestfuzz*", "xxlimited*",  # for the interpreter's own tests
)  # fmt: skip
DLOPENED = ("libgcc_s.so.1",)
"""What the C library itself loads when a thread ends: no file names it."""

WRITTEN = {
    "etc/passwd": "root:x:0:0:root:/:/nonexistent\nrepave:x:65532:65532:repave:/:/nonexistent\n",
    "etc/group": "root:x:0:\nrepave:x:65532:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}


def main(venv: Path, root: Path) -> None:
    """Everything, in order."""
    for name in ("lib", "lib64"):  # links into /usr on every Debian of today
        if (at := Path("/") / name).is_symlink():
            (root / name).symlink_to(at.readlink())
    trim(venv)
    stdlib = Path(sysconfig.get_path("stdlib"))
    for folder in (stdlib, venv):
        shutil.copytree(
            folder, within(root, folder), symlinks=folder == venv, ignore=unwanted(folder, stdlib),
            ignore_dangling_symlinks=True,
        )  # fmt: skip
    interpreter = Path(sys.executable).resolve()
    binaries = [interpreter, *elf_files(within(root, stdlib)), *elf_files(within(root, venv))]
    system = {interpreter, CERTIFICATES, *libraries(binaries, venv)}
    for path in system:
        copy(path, root)
    linked(root)
    for name, text in WRITTEN.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    shutil.copyfile("/etc/os-release", root / "etc/os-release")
    packages({*system, stdlib / "os.py", stdlib / "lib-dynload", Path("/usr/share/ca-certificates")}, root)
    compiled(root)
    dated(root, int(os.environ.get("SOURCE_DATE_EPOCH") or 0))


def within(root: Path, path: Path) -> Path:
    """The same place under `root`, through no link of this system's."""
    return root / (path.parent.resolve() / path.name).relative_to("/")


def trim(venv: Path) -> None:
    """Of the commands keep ours alone, and let the interpreter be one link."""
    commands = venv / "bin"
    for path in commands.iterdir():
        if path.name != "repave":
            path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path)
    interpreter = Path(sys.executable).resolve()
    for name in ("python", "python3", interpreter.name):
        (commands / name).symlink_to(interpreter)


def unwanted(folder: Path, stdlib: Path):
    """What of a folder stays behind. Within the environment only compiled files do, which are made again."""
    return shutil.ignore_patterns(*NOT_NEEDED) if folder == stdlib else shutil.ignore_patterns("__pycache__")


def elf_files(folder: Path) -> Iterator[Path]:
    """Every file that the system's loader would load."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and is_elf(path):
            yield path


def is_elf(path: Path) -> bool:
    """Whether it is machine code."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def libraries(binaries: Iterable[Path], venv: Path) -> set[Path]:
    """The shared libraries that they load, of the system's; what a wheel brings along is in the environment."""
    told = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=False).stdout
    known = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    lines = [line for line in told.splitlines() if line.startswith("\t")]
    lines += [line for line in known.splitlines() if line.strip().startswith(DLOPENED)]
    absent = [line for line in lines if "not found" in line]
    if absent:
        raise SystemExit(f"image root: a library is missing: {absent}")
    words = {word for line in lines for word in line.split() if word.startswith("/")}
    places = {Path(word) for word in words}
    return {path for path in places if not path.is_relative_to(venv) and "/build/root" not in str(path)}


def copy(path: Path, root: Path) -> None:
    """A file under the name it is asked for by, whatever it links to."""
    target = within(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path.resolve(), target)


def linked(root: Path) -> None:
    """The loader's cache, for libraries in places that it does not look at by itself."""
    for path in (Path("/etc/ld.so.conf"), *Path("/etc/ld.so.conf.d").glob("*.conf")):
        if path.is_file():
            copy(path, root)
    subprocess.run(["ldconfig", "-X", "-r", str(root)], check=True)


def packages(files: Iterable[Path], root: Path) -> None:
    """Which Debian packages the files are of: their status, and their licences. Nothing where there is no dpkg."""
    if shutil.which("dpkg-query") is None:
        return
    names = {str(path) for file in files for path in (file, file.resolve())}
    names |= {name.removeprefix("/usr") for name in names}
    told = subprocess.run(["dpkg-query", "-S", *sorted(names)], capture_output=True, text=True, check=False).stdout
    for package in sorted({name for line in told.splitlines() for name in line.partition(": ")[0].split(", ")}):
        status = subprocess.run(["dpkg-query", "-s", package], capture_output=True, text=True, check=True).stdout
        name = package.partition(":")[0]
        place = root / "var/lib/dpkg/status.d" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(status, encoding="utf-8")
        if (licence := Path("/usr/share/doc") / name / "copyright").is_file():
            copy(licence, root)


def compiled(root: Path) -> None:
    """Bytecode that never asks for its source's date: the file system is read-only."""
    mode = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(root, stripdir=str(root), prependdir="/", quiet=2, workers=0, invalidation_mode=mode)


def dated(root: Path, epoch_seconds: int) -> None:
    """One date for every file; only root may write, and only machine code and commands can be executed."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.parent.name == "bin" or is_elf(path)
            path.chmod(0o755 if executable else 0o644)
        os.utime(path, (epoch_seconds, epoch_seconds), follow_symlinks=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]).resolve())
