"""The documents say what is so: links lead somewhere, names exist, settings are complete, examples load."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from ticketing.catalog.import_plan import import_bytes
from ticketing.cli import app
from ticketing.orders import messages
from ticketing.orders.model import OrderState
from ticketing.payments.model import EntryKind
from ticketing.settings import InvalidSettings, read_settings
from ticketing.wiring.tables import metadata

ROOT = Path(__file__).parents[2]
READMES = ["README.md", "README.ko.md"]
_NOT_OURS = {".venv", ".tools", "node_modules", "dist", ".demo"}
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("web/**/*.md")]
    if not _NOT_OURS & set(path.relative_to(ROOT).parts)
)
# Between processes of one `ticketing api`; nobody sets it by hand.
_INTERNAL = {"TICKETING_LISTEN_FD"}
_PATH = re.compile(r"(?:src|tests|scripts|docs|web|migrations|bench|modules|envs|\.ci)/[\w./-]*")


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(text: str) -> list[str]:
    """The contents of fenced blocks."""
    return re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def code(text: str) -> Iterator[str]:
    """Each line of code: of fenced blocks, and inline."""
    for block in blocks(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL))


def dead_links(text: str, folder: Path) -> list[str]:
    """Relative links that lead nowhere."""
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in links if "://" not in link and not (folder / link.partition("#")[0]).exists()]


def dead_paths(text: str) -> list[str]:
    """Paths of the checkout, in code, at which there is nothing."""
    named = [line for line in re.findall(r"`([^`\n]+)`", text) if _PATH.fullmatch(line)]
    made_later = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    return [
        path
        for path in named
        if not (ROOT / path).exists() and path.rstrip("/") not in made_later and Path(path).name not in made_later
    ]


def unknown_targets(text: str, makefile: str) -> set[str]:
    """What is asked of make and is no target."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    targets |= set(" ".join(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)).split())
    asked = {found for line in code(text) for found in re.findall(r"^make (?:[A-Z]+=\S+ )*([a-z][a-z-]*)", line)}
    return asked - targets


def unknown_usage(text: str) -> list[str]:
    """Uses of the `ticketing` command with a subcommand or an option that does not exist."""
    group: Any = typer.main.get_command(app)
    wrong = []
    for line in code(text):
        used = re.match(r"(?:\.venv/bin/)?ticketing ([a-z][a-z-]*)(.*)", line)
        if used is None:
            continue
        command = group.commands.get(used[1])
        params = [] if command is None else command.params
        known = {option for param in params for option in (*param.opts, *param.secondary_opts)}
        if command is None or set(re.findall(r"--[a-z-]+", used[2])) - known:
            wrong.append(line)
    return wrong


def told_settings(readme: str) -> dict[str, str]:
    """Variable → default, by the README's table."""
    return dict(re.findall(r"^\| `(TICKETING_[A-Z_]+)` \| ([^|]+) \|", read(readme), re.MULTILINE))


def real_settings() -> set[str]:
    """Every variable that the program asks the environment for."""
    asked: set[str] = set()

    class Asked(Mapping[str, str]):
        def __getitem__(self, key: str) -> str:
            asked.add(key)
            raise KeyError(key)

        def __iter__(self) -> Iterator[str]:
            return iter(())

        def __len__(self) -> int:
            return 0

    with pytest.raises(InvalidSettings):
        read_settings(Asked())
    elsewhere = [p for p in (ROOT / "src").rglob("*.py") if "environ" in p.read_text() and p.name != "settings.py"]
    for path in elsewhere:
        asked |= set(re.findall(r'"(TICKETING_[A-Z_]+)"', path.read_text()))
    return {name for name in asked if not name.endswith("_FILE")} - _INTERNAL


@pytest.mark.parametrize("document", DOCUMENTS)
def test_everything_named_exists(document: str) -> None:
    text = read(document)
    assert dead_links(text, (ROOT / document).parent) == []
    assert dead_paths(text) == []
    assert unknown_targets(text, read("Makefile")) == set()
    assert unknown_usage(text) == []


def test_control_what_does_not_exist_is_found() -> None:
    text = "[a](nowhere.md) `src/nowhere.py` `make nothing` `make PYTHON=python3.12 nought` `ticketing sell`\n"
    text += "```sh\nmake demo\nmake none\nticketing demo --port 1\n.venv/bin/ticketing fsck --force\n```\n"
    assert dead_links(text, ROOT) == ["nowhere.md"]
    assert dead_paths(text) == ["src/nowhere.py"]
    assert unknown_targets(text, read("Makefile")) == {"nothing", "nought", "none"}
    assert unknown_usage(text) == [".venv/bin/ticketing fsck --force", "ticketing sell"]


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_tells_of_every_command(readme: str) -> None:
    group: Any = typer.main.get_command(app)
    assert set(re.findall(r"^\| `ticketing ([a-z-]+)", read(readme), re.MULTILINE)) == set(group.commands)


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_tells_of_every_setting_and_of_no_other(readme: str) -> None:
    assert set(told_settings(readme)) == real_settings()


@pytest.mark.parametrize(
    ("readme", "required", "none"), [("README.md", "required", "none"), ("README.ko.md", "필수", "없음")]
)
def test_the_readme_tells_the_defaults(readme: str, required: str, none: str) -> None:
    with pytest.raises(InvalidSettings) as error:
        read_settings({})
    needed = set(re.findall(r"(TICKETING_\w+) is not set", str(error.value)))
    told = told_settings(readme)
    assert {name for name, default in told.items() if default == required} == needed
    settings = read_settings(dict.fromkeys(needed, "x") | _GOOD)
    for name, default in told.items():
        value = getattr(settings, name.removeprefix("TICKETING_").lower(), None)
        if name not in needed and value is not None and value != ():
            assert default == f"`{value}`", name
        elif name not in needed and default != none:
            assert name == "TICKETING_TRUSTED_PROXIES", name


_GOOD = {
    "TICKETING_SIGNING_KEYS": f"k1:{'ab' * 32}",
    "TICKETING_TICKET_SEED": "01" * 32,
    "TICKETING_PUBLIC_URL": "http://localhost:8000",
}


def test_both_readmes_have_the_same_commands_and_chapters() -> None:
    english, korean = (read(readme) for readme in READMES)

    def bare(text: str) -> list[str]:
        return [
            re.sub(r" *#.*", "", block, flags=re.MULTILINE) for block in blocks(text) if "import" not in block[:2000]
        ]

    assert [block for block in bare(english) if "make" in block or "export" in block] == [
        block for block in bare(korean) if "make" in block or "export" in block
    ]
    levels = [re.findall(r"^(#+) ", text, re.MULTILINE) for text in (english, korean)]
    assert levels[0] == levels[1]


def test_the_map_is_complete() -> None:
    text = read("docs/map.md")
    names = [*metadata.tables, *EntryKind, *OrderState]
    names += [messages.CAPTURE, messages.ISSUE, messages.REFUND, messages.SEATS, messages.NOTICE]
    assert [
        name for name in names if f"`{name}`" not in text and f" {name}:" not in text and f"> {name}" not in text
    ] == []


def test_every_decision_is_listed_by_its_title() -> None:
    listed = dict(re.findall(r"^\d+\. \[(.+)\]\((.+\.md)\)$", read("docs/adr/README.md"), re.MULTILINE))
    pages = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("docs/adr/0*.md")}
    assert {name: f"# {int(name[:4])}. {title}" for title, name in listed.items()} == {
        name: text.splitlines()[0] for name, text in pages.items()
    }
    for name, text in pages.items():
        assert re.findall(r"^\*\*(Context|Decision|Consequences|Enforced by)", text, re.MULTILINE) == [
            "Context", "Decision", "Consequences", "Enforced by",
        ], name  # fmt: skip


def examples() -> dict[str, str]:
    """File name → content of the examples in docs/formats.md."""
    text = read("docs/formats.md")
    return dict(re.findall(r"^<!-- example: (\S+) -->\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize(
    ("name", "kind", "places"),
    [("hall.json", "json", 48), ("hall.csv", "csv", 44), ("hall-ko.csv", "csv", 2), ("pretix.json", "pretix", 2)],
)
def test_example_plans_load(name: str, kind: str, places: int) -> None:
    found = import_bytes(name, examples()[name].encode())
    assert (found.format, found.plan.capacity, found.notes) == (kind, places, ())


def test_the_example_event_is_put_on_the_calendar(tmp_path: Path) -> None:
    for name, content in examples().items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    environ = _GOOD | {
        "TICKETING_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/docs.sqlite3",
        "TICKETING_VALKEY_URL": f"unix://{tmp_path}/none",
        "TICKETING_QUEUE_URL": f"unix://{tmp_path}/none",
        "TICKETING_BLOBS_URL": f"file://{tmp_path}",
        "TICKETING_MAIL_URL": f"mailbox://{tmp_path}",
        "TICKETING_PAYMENT_URL": "http://127.0.0.1:9",
        "TICKETING_PAYMENT_SECRET": "a secret of nobody",
    }

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(app, [*arguments, "--json"], env=environ)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    run("migrate")
    stored = run("import-plan", str(tmp_path / "hall.json"))
    made = run("create-event", str(tmp_path / "event.json"))
    assert made["plan_version"] == stored["version"] == json.loads(examples()["event.json"])["plan_version"]
    assert made["prices"] == {"R": "66000 KRW", "STANDING": "44000 KRW"}
