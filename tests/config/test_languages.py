"""Thai first, English complete: no sentence of ours is left without its Thai."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
APPS = ("centres", "scheduling", "proctoring", "scoring", "config")
CATALOGUE = ROOT / "config" / "locale" / "th" / "LC_MESSAGES"
CALLS = {
    "_",
    "_t",
    "gettext",
    "gettext_lazy",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
}
THAI = re.compile(r"[\u0e00-\u0e7f]")
PLACES = re.compile(r"%\((\w+)\)[sd]")


def calls_in(source: str) -> Iterator[str]:
    """The first text of every call of a translating function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            context = name.startswith("pgettext")
            argument = node.args[1 if context else 0]
            if name in CALLS and isinstance(argument, ast.Constant):
                yield str(argument.value)


def messages() -> Iterator[tuple[str, str]]:
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                for text in calls_in(path.read_text()):
                    yield str(path.relative_to(ROOT)), text
        for path in (ROOT / app).rglob("templates/**/*.html"):
            shown = templatize(path.read_text(), origin=str(path))
            lines = re.findall(
                r"""\b(?:n?gettext\(|pgettext\(u?['"].*?['"], )u?(['"].*?['"])[,)]""", shown
            )
            for line in lines:
                yield str(path.relative_to(ROOT)), ast.literal_eval(line)


def test_every_marked_sentence_has_its_thai() -> None:
    catalogue = polib.pofile(str(CATALOGUE / "django.po"))
    known = {entry.msgid: entry for entry in catalogue}
    missing = {}
    for where, text in messages():
        entry = known.get(text)
        said = entry and (entry.msgstr or entry.msgstr_plural)
        if text.strip() and not said:
            missing[text] = where
    assert not missing, "\n".join(f"{where}: {text!r}" for text, where in missing.items())


def test_translations_keep_the_places_of_their_sentence() -> None:
    for entry in polib.pofile(str(CATALOGUE / "django.po")):
        for said in [entry.msgstr, *entry.msgstr_plural.values()]:
            if said:
                asked = set(PLACES.findall(entry.msgid + (entry.msgid_plural or "")))
                assert set(PLACES.findall(said)) <= asked, entry.msgid


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with (CATALOGUE / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in polib.pofile(str(CATALOGUE / "django.po")):
        if entry.msgstr and not entry.msgctxt:
            assert compiled.gettext(entry.msgid) == entry.msgstr, "run: make messages"


@pytest.mark.parametrize("app", APPS)
def test_no_thai_is_baked_into_a_template(app: str) -> None:
    for path in (ROOT / app).rglob("templates/**/*.html"):
        if path.name in ("500.html", "_language.html"):
            continue  # one answers when nothing else works, one names the language in itself
        found = THAI.search(path.read_text())
        assert not found, f"{path.relative_to(ROOT)} holds Thai: mark the English instead"
